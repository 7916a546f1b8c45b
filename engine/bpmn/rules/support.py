"""Rules about elements of BPMN that the engine does not run, or not as BPMN means them: refused by name."""

import re
from decimal import Decimal

from engine.bpmn import expression
from engine.bpmn.limits import MOST_ITEMS
from engine.bpmn.markup import CAMUNDA, SPIFF, ZEEBE, Element, bpmn, children, local
from engine.bpmn.rules.diagram import Diagram, Procedure, called, inner_text

_MAXIMUM = re.compile(r"[1-9][0-9]{0,8}")
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
        _check_beginning(diagram, node)
        match kind:
            case "task":
                diagram.warn(
                    node,
                    "task_abstract",
                    f"{called(node)} tidak berjenis: mesin akan menunggu seseorang tanpa formulir.",
                    "Jadikan tugas pengguna (userTask), atau tugas manual bila tidak ada yang dicatat.",
                )
            case "serviceTask":
                service = service_of(node)
                diagram.fault(
                    node,
                    "unsupported_service",
                    f"Tugas layanan {called(node)} memanggil layanan luar{f' ({service})' if service else ''}, "
                    "dan tidak ada layanan yang terdaftar.",
                    "Jadikan tugas pengguna, atau kirim pesan dengan peristiwa lempar.",
                )
            case "businessRuleTask":
                _check_decision(procedure, diagram, node)
            case "callActivity":
                _check_call(procedure, diagram, node)
            case "sendTask" | "receiveTask" if not _names_message(diagram, node):
                diagram.fault(
                    node,
                    "message_missing",
                    f"{called(node)} tidak menyebut pesan, sehingga langsung dilewati.",
                    "Pilih pesan yang dikirim atau ditunggu.",
                )
            case "subProcess" if node.get("triggeredByEvent") == "true":
                _check_event_sub_process(diagram, node)


def _check_beginning(diagram: Diagram, node: Element) -> None:
    """Refuse what would begin an instance, or count tokens."""
    if node.get("instantiate") == "true":
        diagram.fault(
            node,
            "start_by_event",
            f"{called(node)} memulai pelaksanaan sendiri, sedangkan pelaksanaan selalu dimulai oleh orang.",
            "Hapus tanda mulai (instantiate), dan letakkan peristiwa mulai biasa di depannya.",
        )
    for attribute in ("startQuantity", "completionQuantity"):
        if node.get(attribute, "1") != "1":
            diagram.fault(
                node,
                "quantity",
                f"{called(node)} menghitung token ({attribute}), yang tidak dijalankan.",
                f"Hapus {attribute}; cabang digabung dengan gerbang paralel.",
            )


def _names_message(diagram: Diagram, task: Element) -> bool:
    message = diagram.elements.get(task.get("messageRef"))
    return message is not None and local(message) == "message"


def service_of(node: Element) -> str:
    """Return how another tool names what a task calls; empty if it names nothing."""
    for attribute in ("class", "delegateExpression", "expression", "topic"):
        if node.get(f"{{{CAMUNDA}}}{attribute}"):
            return f"camunda:{attribute} {node.get(f'{{{CAMUNDA}}}{attribute}')}"
    for tag, attribute in ((f"{{{SPIFF}}}serviceTaskOperator", "id"), (f"{{{ZEEBE}}}taskDefinition", "type")):
        for element in node.iterfind(f"{bpmn('extensionElements')}/{tag}"):
            if element.get(attribute):
                return str(element.get(attribute))
    return ""


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
    if diagram.incoming.get(sub_process.get("id")) or diagram.outgoing.get(sub_process.get("id")):
        diagram.fault(
            sub_process,
            "event_sub_process_flow",
            f"Subproses peristiwa {called(sub_process)} dimulai oleh peristiwanya, tetapi tersambung dengan panah.",
            "Hapus panahnya; yang terjadi sesudahnya digambar di dalamnya.",
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
    if standard is not None and not _MAXIMUM.fullmatch(standard.get("loopMaximum") or "1"):
        diagram.fault(
            node,
            "loop_maximum",
            f"Jumlah terbanyak pengulangan {called(node)}, yaitu {standard.get('loopMaximum')}, bukan bilangan bulat "
            "mulai dari 1.",
            "Tulis angka saja, misalnya 3, atau kosongkan dan tulis syarat pengulangan.",
        )
    if len(loops := list(children(node, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"))) > 1:
        diagram.fault(
            node,
            "loop_twice",
            f"{called(node)} mempunyai {len(loops)} tanda pengulangan; satu kegiatan hanya dapat mempunyai satu.",
            "Sisakan satu; pengulangan di dalam pengulangan digambar sebagai subproses.",
        )
    several = node.find(bpmn("multiInstanceLoopCharacteristics"))
    if several is None:
        return
    if several.get(f"{{{CAMUNDA}}}collection"):
        diagram.fault(
            node,
            "camunda_collection",
            f"Kumpulan untuk {called(node)} ditulis dengan camunda:collection, yang tidak dibaca.",
            f"Tulis loopDataInputRef berisi {several.get(f'{{{CAMUNDA}}}collection')}, dan inputDataItem dengan id "
            f"{several.get(f'{{{CAMUNDA}}}elementVariable') or 'butirnya'}.",
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
    if several.get("behavior", "All") != "All":
        diagram.fault(
            node,
            "instances_behavior",
            f"{called(node)} mengirim peristiwa tiap kali satu bagian selesai (behavior), yang tidak dijalankan.",
            "Hapus behavior; syarat selesai ditulis sebagai completionCondition.",
        )


def _constant(text: str) -> Decimal | None:
    """Return the number that an expression always gives; None if it depends on something, or is none."""
    try:
        compiled = expression.compile(text)
        value = None if compiled.names or compiled.calls else compiled.evaluate({})
    except expression.ExpressionError:
        return None  # said where expressions are checked
    return value if isinstance(value, Decimal) else None
