"""Reads the elements of a BPMN file with their coordinates (BPMN DI).

Rules refuse a diagram without coordinates at deployment (``rules/process.py``). In older versions, elements without
coordinates are left out of the picture and named below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from engine.bpmn.safe_xml import (
    BPMNDI,
    DC,
    DI,
    Element,
    Unreadable,
    bpmn,
    children,
    identified,
    local,
    read_diagram,
    sop,
    text_of,
)

_EVENT_DEFINITION = "EventDefinition"
_ACTIVITIES = frozenset({"transaction", "callActivity", "subProcess", "adHocSubProcess"})
_PLACED = frozenset({"task", "sequenceFlow", "lane", "dataObjectReference"})


class NoDrawing(ValueError):
    """The file cannot be drawn, because it is not BPMN."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle on the plane."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def place(self) -> dict[str, float]:
        """The attributes of a rectangle in SVG and in BPMN DI."""
        return {"x": self.x, "y": self.y, "width": self.width, "height": self.height}

    def wider(self, margin: float) -> "Bounds":
        """Return the rectangle with *margin* on all sides."""
        return Bounds(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True, slots=True)
class Shape:
    """A drawn node: pool, lane, activity, event, gateway, data, artifact."""

    id: str
    kind: str  # type in BPMN: userTask, exclusiveGateway, dataObjectReference ...
    name: str
    name_en: str | None
    bounds: Bounds
    label: Bounds | None
    horizontal: bool = True
    expanded: bool = True
    marker_visible: bool = True
    proposal: bool = False
    definitions: tuple[str, ...] = ()  # of an event: message, timer, signal ...
    interrupting: bool = True  # of a start event in an event sub-process, or a boundary event
    parallel_multiple: bool = False
    loop: str = ""  # parallel, sequential, loop
    compensation: bool = False
    event_triggered: bool = False
    collection: bool = False
    instantiates: bool = False
    black_box: bool = False
    holds: str = ""  # the data object that a reference stands for


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """A drawn edge between two elements, along its way points."""

    id: str
    kind: str
    name: str
    name_en: str | None
    points: tuple[tuple[float, float], ...]
    label: Bounds | None
    proposal: bool = False
    default: bool = False
    conditional: bool = False  # leaves an activity under a condition, hence a small diamond
    direction: str = "None"  # of an association


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything to draw, containers first."""

    name: str
    name_en: str | None
    shapes: tuple[Shape, ...]
    edges: tuple[DrawnEdge, ...]
    undrawn: tuple[str, ...] = ()  # names of elements without coordinates

    @property
    def bounds(self) -> Bounds:
        """The smallest rectangle around all shapes, labels and way points; flat if there are none."""
        boxes = [box for item in self.shapes for box in (item.bounds, item.label) if box is not None]
        boxes += [edge.label for edge in self.edges if edge.label is not None]
        xs = [x for box in boxes for x in (box.x, box.right)] + [x for edge in self.edges for x, _ in edge.points]
        ys = [y for box in boxes for y in (box.y, box.bottom)] + [y for edge in self.edges for _, y in edge.points]
        if not xs:
            return Bounds(0, 0, 600, 0)
        return Bounds(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def scene(xml: bytes) -> Scene:
    """Return the scene in *xml*; NoDrawing if it is not BPMN."""
    try:
        root = read_diagram(xml)
    except Unreadable as error:
        raise NoDrawing(f"Berkas tidak dapat dibaca: {error.reason}") from error
    if root.tag != bpmn("definitions"):
        raise NoDrawing("Berkas ini bukan BPMN 2.0: unsur terluarnya bukan bpmn:definitions")
    elements: dict[str, Element] = identified(root)
    defaults = {e.get("default") for e in root.iter() if e.get("default")}
    shapes = [made for node in root.iter(f"{{{BPMNDI}}}BPMNShape") if (made := _shape(node, elements)) is not None]
    edges = [
        edge for node in root.iter(f"{{{BPMNDI}}}BPMNEdge") if (edge := _edge(node, elements, defaults)) is not None
    ]
    process = next(root.iter(bpmn("process")), None)
    shapes.sort(key=_depth)
    return Scene(
        name="" if process is None else process.get("name") or process.get("id") or "",
        name_en=None if process is None else process.get(sop("nama")),
        shapes=tuple(shapes),
        edges=tuple(edges),
        undrawn=tuple(each.get("name") or each.get("id") for each in undrawn(root)),
    )


def undrawn(root: Element) -> list[Element]:
    """Return the nodes without coordinates, and the flows without coordinates whose ends have some."""
    elements = {
        each.get("id"): each for process in root.iter(bpmn("process")) for each in process.iter() if _drawn(each)
    }
    nodes = [*root.iter(f"{{{BPMNDI}}}BPMNShape"), *root.iter(f"{{{BPMNDI}}}BPMNEdge")]
    placed = {
        node.get("bpmnElement")
        for node in nodes
        if _box(node.find(f"{{{DC}}}Bounds")) is not None or len(list(node.iter(f"{{{DI}}}waypoint"))) > 1
    }
    return [
        each
        for id_, each in elements.items()
        if id_ not in placed
        and (local(each) != "sequenceFlow" or {each.get("sourceRef"), each.get("targetRef")} <= placed)
    ]


def _drawn(element: Element) -> bool:
    kind = local(element) if element.get("id") else ""
    known = kind.endswith(("Event", "Gateway", "Task")) or kind in _ACTIVITIES | _PLACED
    return known and element.tag == bpmn(kind)


def _depth(shape: Shape) -> tuple[int, float]:
    """Return a sort key that draws containers before their contents."""
    first = {"participant": 0, "lane": 1, "group": 2, "boundaryEvent": 4}.get(shape.kind, 3)
    return first, -shape.bounds.width * shape.bounds.height


def _float(node: Element, name: str) -> float:
    try:
        value = float(node.get(name, 0))
    except ValueError:
        return 0.0
    return value if isfinite(value) else 0.0


def _box(node: Element | None) -> Bounds | None:
    if node is None:
        return None
    width, height = _float(node, "width"), _float(node, "height")
    return Bounds(_float(node, "x"), _float(node, "y"), width, height) if width > 0 and height > 0 else None


def _label(node: Element) -> Bounds | None:
    return _box(node.find(f"{{{BPMNDI}}}BPMNLabel/{{{DC}}}Bounds"))


def _shape(node: Element, elements: Mapping[str, Element]) -> Shape | None:
    element = elements.get(node.get("bpmnElement"))
    bounds = _box(node.find(f"{{{DC}}}Bounds"))
    if element is None or bounds is None:
        return None
    kind = local(element)
    data = elements.get(element.get("dataObjectRef") or "")
    name = element.get("name") or ""
    if kind == "textAnnotation":
        name = text_of(element.find(bpmn("text")))
    if kind == "group":
        category = elements.get(element.get("categoryValueRef") or "")
        name = "" if category is None else category.get("value") or ""
    return Shape(
        id=element.get("id"),
        kind=kind,
        name=name,
        name_en=element.get(sop("nama")),
        bounds=bounds,
        label=_label(node),
        horizontal=node.get("isHorizontal", "true") == "true",
        expanded=node.get("isExpanded", "false") == "true",
        marker_visible=node.get("isMarkerVisible", "false") == "true",
        proposal=element.get(sop("usulan")) == "true",
        definitions=tuple(
            local(child).removesuffix(_EVENT_DEFINITION)
            for child in children(element)
            if local(child).endswith(_EVENT_DEFINITION)
        ),
        interrupting=element.get("isInterrupting", "true") == "true"
        and element.get("cancelActivity", "true") == "true",
        parallel_multiple=element.get("parallelMultiple") == "true",
        loop=_loop(element),
        compensation=element.get("isForCompensation") == "true",
        event_triggered=element.get("triggeredByEvent") == "true",
        collection=(data is not None and data.get("isCollection") == "true") or element.get("isCollection") == "true",
        instantiates=element.get("instantiate") == "true",
        black_box=kind == "participant" and not element.get("processRef"),
        holds=element.get("dataObjectRef") or "",
    )


def _loop(element: Element) -> str:
    several = element.find(bpmn("multiInstanceLoopCharacteristics"))
    if several is not None:
        return "sequential" if several.get("isSequential") == "true" else "parallel"
    return "" if element.find(bpmn("standardLoopCharacteristics")) is None else "loop"


def _edge(node: Element, elements: Mapping[str, Element], defaults: set[str]) -> DrawnEdge | None:
    element = elements.get(node.get("bpmnElement"))
    points = tuple((_float(point, "x"), _float(point, "y")) for point in node.iter(f"{{{DI}}}waypoint"))
    if element is None or len(points) < 2:
        return None
    source = elements.get(element.get("sourceRef") or "")
    leaves_activity = source is not None and (local(source).lower().endswith("task") or local(source) in _ACTIVITIES)
    return DrawnEdge(
        id=element.get("id"),
        kind=local(element),
        name=element.get("name") or "",
        name_en=element.get(sop("nama")),
        points=points,
        label=_label(node),
        proposal=element.get(sop("usulan")) == "true",
        default=element.get("id") in defaults,
        conditional=leaves_activity and element.find(bpmn("conditionExpression")) is not None,
        direction=element.get("associationDirection", "None"),
    )
