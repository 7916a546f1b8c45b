"""Rules about lanes: who works where."""

from engine.bpmn.markup import Element, bpmn, children, local, text_of
from engine.bpmn.rules.diagram import SUB_PROCESSES, Diagram, Procedure, called


def check(procedure: Procedure, diagram: Diagram) -> None:
    """Check that every step of a person lies in a lane, and that lanes have ids and names."""
    placed: set[str] = set()
    for process in diagram.processes:
        for lane in process.iter(bpmn("lane")):
            _check_lane(diagram, lane)
            placed |= {text_of(ref) for ref in children(lane, "flowNodeRef")}
    for task in diagram.of_kind("userTask", "manualTask", "task"):
        if not any(around.get("id") in placed for around in _with_sub_processes(task)):
            diagram.fault(
                task,
                "lane_missing",
                f"Tugas {called(task)} tidak berada di jalur mana pun, sehingga tidak ada yang boleh mengerjakannya.",
                "Letakkan tugas di dalam jalur pelaksananya.",
            )


def _check_lane(diagram: Diagram, lane: Element) -> None:
    if not lane.get("id"):
        diagram.fault(
            lane,
            "lane_unnamed",
            f"Jalur {called(lane)} tidak mempunyai id, padahal id jalur adalah peran orangnya.",
            "Beri jalur id yang sama dengan peran orangnya, misalnya kepala_bagian.",
        )
    if not (lane.get("name") or "").strip():
        diagram.fault(
            lane,
            "lane_unnamed",
            f"Jalur {called(lane)} tidak mempunyai nama, sehingga mesin proses mengabaikannya.",
            "Beri jalur nama pelaksananya seperti pada lembar SOP.",
        )
    for ref in children(lane, "flowNodeRef"):
        if text_of(ref) not in diagram.elements:
            diagram.fault(
                ref,
                "lane_reference",
                f"Jalur {called(lane)} menyebut {text_of(ref)}, yang tidak ada di diagram.",
                "Simpan diagram sekali dari studio, atau hapus flowNodeRef itu.",
            )


def _with_sub_processes(node: Element) -> list[Element]:
    """Return *node* and the sub-processes around it: their lane is its lane."""
    around = [node]
    while (node := node.getparent()) is not None and local(node) in SUB_PROCESSES:
        around.append(node)
    return around
