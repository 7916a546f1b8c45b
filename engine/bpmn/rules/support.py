"""Rules about elements of BPMN that the engine does not run, or not as BPMN means them: refused by name."""

from decimal import Decimal

from engine.bpmn import expression
from engine.bpmn.limits import MOST_ITEMS
from engine.bpmn.markup import CAMUNDA, SPIFF, Element, bpmn, children, local
from engine.bpmn.rules.diagram import SUB_PROCESSES, Diagram, Procedure, called, inner_text

_REFUSED = {
    "adHocSubProcess": (
        "unsupported_ad_hoc",
        "Subproses ad hoc belum dapat dijalankan dengan andal.",
        "Gambar sebagai subproses biasa, dengan gerbang paralel untuk tugas yang urutannya bebas.",
    ),
    "complexGateway": (
        "unsupported_complex_gateway",
        "Gerbang kompleks tidak didukung.",
        "Gunakan gerbang inklusif, atau gerbang eksklusif yang berturut-turut.",
    ),
}


def check(procedure: Procedure, diagram: Diagram) -> None:
    """Check the kinds of activities and gateways, loops and calls."""
    for node in diagram.all_nodes:
        kind = local(node)
        if kind in _REFUSED:
            rule, message, mend = _REFUSED[kind]
            diagram.fault(node, rule, f"{called(node)}: {message}", mend)
        if node.get("isForCompensation") == "true":
            diagram.fault(
                node,
                "unsupported_compensation",
                f"{called(node)} adalah penanganan kompensasi, yang tidak dijalankan.",
                "Gambar pembatalan sebagai langkah biasa sesudah gerbang.",
            )
        _check_loop(diagram, node)
        match kind:
            case "task":
                diagram.warn(
                    node,
                    "task_abstract",
                    f"{called(node)} tidak berjenis: mesin akan menunggu seseorang tanpa formulir.",
                    "Jadikan tugas pengguna (userTask), atau tugas manual bila tidak ada yang dicatat.",
                )
            case "serviceTask":
                diagram.fault(
                    node,
                    "unsupported_service",
                    f"Tugas layanan {called(node)} memanggil layanan luar, dan tidak ada layanan yang terdaftar.",
                    "Jadikan tugas pengguna, atau kirim pesan dengan peristiwa lempar.",
                )
            case "businessRuleTask":
                _check_decision(procedure, diagram, node)
            case "callActivity":
                _check_call(procedure, diagram, node)
            case "sendTask" | "receiveTask" if not node.get("messageRef"):
                diagram.fault(
                    node,
                    "message_missing",
                    f"{called(node)} tidak menyebut pesan, sehingga langsung dilewati.",
                    "Pilih pesan yang dikirim atau ditunggu.",
                )
            case "subProcess" if node.get("triggeredByEvent") == "true":
                _check_event_sub_process(diagram, node)


def _check_decision(procedure: Procedure, diagram: Diagram, task: Element) -> None:
    node = task.find(f"{bpmn('extensionElements')}/{{{SPIFF}}}calledDecisionId")
    decision = (node.text or "").strip() if node is not None else (task.get(f"{{{CAMUNDA}}}decisionRef") or "")
    if decision not in procedure.decisions:
        diagram.fault(
            task,
            "decision_missing",
            f"Tabel keputusan {decision or '(kosong)'} untuk {called(task)} tidak ada.",
            "Unggah berkas DMN yang memuat keputusan dengan id itu, atau perbaiki id-nya.",
        )


def _check_call(procedure: Procedure, diagram: Diagram, activity: Element) -> None:
    processes = {process.get("id"): (owner, process) for owner, process in procedure.processes()}
    target = activity.get("calledElement")
    if target not in processes:
        diagram.fault(
            activity,
            "call_missing",
            f"{called(activity)} memanggil proses {target or '(kosong)'}, yang tidak ada dalam prosedur ini.",
            "Sertakan diagram proses itu, atau perbaiki id yang dipanggil.",
        )
        return
    if processes[target][1].get("isExecutable", "true") != "true":
        diagram.fault(
            activity,
            "call_missing",
            f"{called(activity)} memanggil proses {target}, yang ditandai tidak dapat dijalankan.",
            'Beri proses itu isExecutable="true".',
        )
    own = activity
    while local(own) != "process":
        own = own.getparent()
    seen, ahead = set(), [target]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in processes:
            continue
        seen.add(name)
        ahead += [call.get("calledElement") for call in processes[name][1].iter(bpmn("callActivity"))]
    if own.get("id") in seen:
        diagram.fault(
            activity,
            "call_recursion",
            f"{called(activity)} memanggil kembali proses {own.get('id')} yang memuatnya, tanpa akhir.",
            "Gambar pengulangan sebagai panah kembali di dalam satu proses.",
        )


def _check_event_sub_process(diagram: Diagram, sub_process: Element) -> None:
    for start in children(sub_process, "startEvent"):
        kinds = {local(child).removesuffix("EventDefinition") for child in children(start)}
        if start.get("isInterrupting", "true") == "true":
            diagram.fault(
                start,
                "event_sub_process_interrupting",
                f"Subproses peristiwa {called(sub_process)} tidak akan menghentikan alur utama.",
                "Jadikan tidak menyela (garis putus-putus), atau gunakan peristiwa batas pada subproses.",
            )
        for kind, word in (("error", "galat"), ("escalation", "eskalasi"), ("conditional", "syarat")):
            if kind in kinds:
                diagram.fault(
                    start,
                    "event_sub_process_start",
                    f"Subproses peristiwa {called(sub_process)} dimulai oleh {word}, yang tidak berjalan benar.",
                    "Gunakan pesan, sinyal, atau waktu; atau peristiwa batas pada subproses.",
                )


def _check_loop(diagram: Diagram, node: Element) -> None:
    standard = node.find(bpmn("standardLoopCharacteristics"))
    if standard is not None and not standard.get("loopMaximum") and not inner_text(standard, "loopCondition"):
        diagram.fault(
            node,
            "loop_open",
            f"Pengulangan {called(node)} tidak mempunyai syarat atau batas.",
            "Tulis syarat pengulangan atau jumlah terbanyaknya.",
        )
    several = node.find(bpmn("multiInstanceLoopCharacteristics"))
    if several is None:
        return
    if several.get(f"{{{CAMUNDA}}}collection"):
        diagram.fault(
            node,
            "camunda_collection",
            f"Kumpulan untuk {called(node)} ditulis dengan camunda:collection, yang tidak dibaca.",
            "Tulis nama kumpulan sebagai loopDataInputRef.",
        )
        return
    count, collection = inner_text(several, "loopCardinality"), inner_text(several, "loopDataInputRef")
    if bool(count) == bool(collection):
        diagram.fault(
            node,
            "instances_unknown",
            f"{called(node)} dikerjakan berganda, tetapi jumlahnya {'disebut dua kali' if count else 'tidak disebut'}.",
            "Sebut satu saja: kumpulan (loopDataInputRef) atau jumlah (loopCardinality).",
        )
    if (known := _constant(count)) is not None and known > MOST_ITEMS:
        diagram.fault(
            node,
            "instances_too_many",
            f"{called(node)} dikerjakan {int(known):,} kali sekaligus; batasnya {MOST_ITEMS}.".replace(",", "."),
            f"Kurangi jumlahnya sampai {MOST_ITEMS}, atau kerjakan sebagai satu tabel dalam satu tugas.",
        )
    if inner_text(several, "loopDataOutputRef") and _returns_to(diagram, node):
        diagram.fault(
            node,
            "instances_output_again",
            f"{called(node)} dapat diulang lewat panah kembali, tetapi kumpulan keluarannya sudah terisi saat itu.",
            "Hapus loopDataOutputRef; hasil tiap bagian disimpan sebagai dokumen.",
        )


def _constant(text: str) -> Decimal | None:
    """Return the number that an expression always gives; None if it depends on something, or is none."""
    try:
        compiled = expression.compile(text)
        value = None if compiled.names else compiled.evaluate({})
    except expression.ExpressionError:
        return None  # said where expressions are checked
    return value if isinstance(value, Decimal) else None


def _returns_to(diagram: Diagram, node: Element) -> bool:
    """Whether some way leads from *node* back to it."""
    seen, ahead = set(), diagram.next_nodes(node)
    while ahead:
        name = ahead.pop()
        if name == node.get("id"):
            return True
        if name not in seen and name in diagram.elements:
            seen.add(name)
            ahead.extend(diagram.next_nodes(diagram.elements[name]))
    return False


def sub_process_depth(element: Element) -> int:
    """Return how many sub-processes lie around *element*."""
    depth = 0
    while (element := element.getparent()) is not None:
        depth += local(element) in SUB_PROCESSES
    return depth
