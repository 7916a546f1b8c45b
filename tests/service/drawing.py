"""Draws a procedure from a few words: for diagrams whose fault is in how much they make the engine do."""

from tests.places import placed
from tests.service.procedures import form

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def process(name, nodes, ways):
    """One process: *nodes* by id as (kind, attributes, content), *ways* as ``a > b``, ``a > b: condition``.

    Ids get the process's name in front. It begins at ``mulai`` and ends at ``selesai``, all in the lane Staf; the way
    without a condition is the default beside one that has a condition.
    """
    nodes = {"mulai": ("startEvent", "", ""), "selesai": ("endEvent", "", ""), **nodes}
    flows, default = [], {}
    for number, way in enumerate(ways):
        ends, _, condition = (part.strip() for part in way.partition(":"))
        source, target = ends.split(" > ")
        id_ = f"{name}_panah_{number}"
        if not condition and any(other.startswith(f"{source} > ") and ":" in other for other in ways):
            default[source] = f'default="{id_}"'
        inside = f"<b:conditionExpression>{condition}</b:conditionExpression>" if condition else ""
        ends = f'sourceRef="{name}_{source}" targetRef="{name}_{target}"'
        flows.append(f'<b:sequenceFlow id="{id_}" {ends}>{inside}</b:sequenceFlow>')
    drawn = [
        f'<b:{kind} id="{name}_{id_}" name="{id_}" {attributes} {default.get(id_, "")}>{inside}</b:{kind}>'
        for id_, (kind, attributes, inside) in nodes.items()
    ]
    held = "".join(f"<b:flowNodeRef>{name}_{id_}</b:flowNodeRef>" for id_ in nodes)
    lane = f'<b:lane id="{name}_staf" s:peran="staf" name="Staf">{held}</b:lane>'
    lanes = f'<b:laneSet id="{name}_jalur">{lane}</b:laneSet>'
    return "\n".join(
        [f'<b:process id="{name}" name="{name}" isExecutable="true">', lanes, *drawn, *flows, "</b:process>"]
    )


def procedure(*processes, forms=(), **asked):
    """The files of a procedure whose first process is ``uji``; *forms* ask nothing, those by name what is given."""
    schemas = {"uji_mulai": form(), **{task: form() for task in forms}, **asked}
    head = f'<b:definitions xmlns:b="{BPMN}" xmlns:s="urn:alur:sop:1" targetNamespace="urn:alur:uji">'
    files = {"processes/uji/uji.bpmn": placed("\n".join([head, *processes, "</b:definitions>"]).encode())}
    return files | {f"forms/uji/{task}.schema.json": schema for task, schema in schemas.items()}


def script(text):
    """A script task."""
    return ("scriptTask", "", f"<b:script>{text}</b:script>")


def call(name):
    """A call of another process."""
    return ("callActivity", f'calledElement="{name}"', "")


def gateway(kind="exclusive"):
    """A gateway."""
    return (f"{kind}Gateway", "", "")


def user(inside=""):
    """A user task."""
    return ("userTask", "", inside)


def several(count):
    """So many at once, as an expression says."""
    kind = "multiInstanceLoopCharacteristics"
    return f"<b:{kind}><b:loopCardinality>{count}</b:loopCardinality></b:{kind}>"


def around(name, inner):
    """Something to be done in a sub-process of its own: ``mulai``, *inner*, ``selesai``."""
    kind, attributes, inside = inner
    return (
        f'<b:startEvent id="{name}_mulai"/><b:{kind} id="{name}" {attributes}>{inside}</b:{kind}>'
        f'<b:endEvent id="{name}_selesai"/>'
        f'<b:sequenceFlow id="{name}_panah_1" sourceRef="{name}_mulai" targetRef="{name}"/>'
        f'<b:sequenceFlow id="{name}_panah_2" sourceRef="{name}" targetRef="{name}_selesai"/>'
    )


def one(node):
    """Between start and end, one node: ``a``."""
    return {"a": node}, ["mulai > a", "a > selesai"]
