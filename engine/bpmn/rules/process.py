"""Rules about the process as a whole: its id, that it can run, that ids are unique and readable, that it is drawn."""

import re
from collections import Counter

from engine.bpmn.drawing.scene import undrawn
from engine.bpmn.markup import BPMN, Element, bpmn, local, namespace
from engine.bpmn.rules.diagram import NODES, Diagram, Procedure, called

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAMED = 8  # elements that one message names
_SHOWN = NODES | {"process", "lane", "dataObject"}
_NAMED = _SHOWN - {"lane"} | {"message", "signal", "error", "escalation", "correlationProperty"}


def check_procedure(procedure: Procedure) -> None:
    """Check that exactly one process can be started, and that it carries the procedure's id."""
    callees = {
        activity.get("calledElement") for diagram in procedure.diagrams for activity in diagram.of_kind("callActivity")
    }
    runnable = [(d, p) for d, p in procedure.processes() if p.get("isExecutable", "true") == "true"]
    started = [(d, p) for d, p in runnable if p.get("id") not in callees or p.get("id") == procedure.process_id]
    ours = [(d, p) for d, p in procedure.processes() if p.get("id") == procedure.process_id]
    if procedure.diagrams and not ours:
        diagram = procedure.diagrams[0]
        at = diagram.processes[0] if diagram.processes else diagram.root
        diagram.fault(
            at,
            "process_id",
            f"Tidak ada proses dengan id {procedure.process_id}; yang ada: "
            f"{', '.join(str(p.get('id')) for _, p in procedure.processes()) or 'tidak satu pun'}.",
            f"Ganti id proses menjadi {procedure.process_id} di seluruh berkas (di studio: tombol di samping temuan "
            "ini).",
        )
    first = {scope.get("id"): each for each in reversed(procedure.diagrams) for scope in each.scopes}
    for diagram in procedure.diagrams:
        for scope in diagram.scopes:
            if scope.get("id") and first[scope.get("id")] is not diagram:
                message = f"Id {scope.get('id')} juga dipakai di berkas {first[scope.get('id')].file}."
                diagram.fault(scope, "id_twice", message, "Beri proses dan subproses di setiap berkas id sendiri.")
    for diagram, process in ours:
        if process.get("isExecutable", "true") != "true":
            diagram.fault(
                process,
                "not_executable",
                f"Proses {called(process)} ditandai tidak dapat dijalankan.",
                'Beri proses isExecutable="true" (di studio: centang “Dapat dijalankan”).',
            )
    for diagram, process in started:
        if len(started) > 1 and process.get("id") != procedure.process_id:
            diagram.fault(
                process,
                "several_executable",
                f"Proses {called(process)} juga dapat dijalankan, padahal satu prosedur mempunyai satu proses.",
                'Beri isExecutable="false", panggil dengan call activity, atau pindahkan ke prosedur sendiri.',
            )


def check(procedure: Procedure, diagram: Diagram) -> None:
    """Check ids and unknown elements."""
    ids = Counter(e.get("id") for e in diagram.root.iter(bpmn("*")) if e.get("id"))
    for name, count in ids.items():
        if count > 1:
            diagram.fault(
                diagram.elements.get(name, diagram.root),
                "id_twice",
                f"Id {name} dipakai {count} kali dalam satu berkas.",
                "Beri setiap unsur id sendiri.",
            )
    for element in diagram.root.iter():
        ours = isinstance(element.tag, str) and namespace(element) == BPMN
        if ours and local(element) in _NAMED and not element.get("id"):
            diagram.fault(
                element,
                "id_missing",
                f"{called(element)} tidak mempunyai id.",
                "Beri id kata_kata_kecil; formulir, riwayat, dan uji memakainya.",
            )
    for element in diagram.elements.values():
        if local(element) in _SHOWN and not _SNAKE_CASE.fullmatch(element.get("id")):
            diagram.warn(
                element,
                "id_spelling",
                f"Id {element.get('id')} tidak berbentuk kata_kata_kecil.",
                f"Ganti id, misalnya menjadi {_suggestion(element)}; formulir, riwayat, dan uji memakai id ini."
                if local(element) != "lane"
                else f"Ganti id dengan peran orangnya, misalnya {_suggestion(element)}, atau tulis peran itu sebagai "
                "sop:peran.",
            )
    for scope in diagram.scopes:
        for child in scope:
            if isinstance(child.tag, str) and namespace(child) == BPMN and local(child) not in _KNOWN:
                diagram.fault(
                    child,
                    "unknown_element",
                    f"Unsur {local(child)} tidak dikenal dan tidak akan dijalankan.",
                    "Gambar langkah ini dengan unsur BPMN yang didukung, misalnya userTask.",
                )


def check_places(procedure: Procedure, diagram: Diagram) -> None:
    """Check that whatever runs has a place in the picture: people follow an instance by it."""
    missing = undrawn(diagram.root)
    if not missing:
        return
    shown = ", ".join(called(each) for each in missing[:NAMED]) + (" dan lainnya" if len(missing) > NAMED else "")
    diagram.fault(
        missing[0],
        "undrawn",
        f"{len(missing)} unsur tidak mempunyai tempat pada gambar (BPMN DI): {shown}.",
        "Tempatkan unsur itu di penyunting BPMN lalu simpan, atau gambar SOP ini dari tabel langkahnya "
        "(Studio, Dari tabel langkah).",
    )


def _suggestion(element: Element) -> str:
    words = re.findall(r"[a-z0-9]+", (element.get("name") or element.get("id")).casefold())
    return "_".join(words[:4]) or "nama_langkah"


# Children of a process or sub-process that carry no behaviour of their own, or whose rules are elsewhere.
_KNOWN = NODES | {
    "documentation",
    "extensionElements",
    "auditing",
    "monitoring",
    "property",
    "laneSet",
    "sequenceFlow",
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "textAnnotation",
    "association",
    "group",
    "incoming",
    "outgoing",
    "ioSpecification",
    "ioBinding",
    "dataInputAssociation",
    "dataOutputAssociation",
    "standardLoopCharacteristics",
    "multiInstanceLoopCharacteristics",
    "resourceRole",
    "performer",
    "humanPerformer",
    "potentialOwner",
    "categoryValueRef",
    "correlationSubscription",
    "supportedInterfaceRef",
    "supports",
    "completionCondition",
}
