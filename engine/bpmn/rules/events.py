"""Rules about events: definitions that the engine ignores, fires at once, or cannot resolve."""

from engine.bpmn.markup import Element, bpmn, children, local, text_of
from engine.bpmn.rules.diagram import (
    ACTIVITIES,
    SUB_PROCESSES,
    Diagram,
    Procedure,
    called,
    definitions,
    inner_text,
    kinds,
)

_REFERENCES = {
    "message": ("message_missing", "pesan"),
    "signal": ("signal_missing", "sinyal"),
    "error": ("error_missing", "galat"),
    "escalation": ("escalation_missing", "eskalasi"),
}
_KINDS = {
    "startEvent": {"message", "signal", "timer", "conditional", "error", "escalation"},  # of an event sub-process
    "endEvent": {"message", "signal", "error", "escalation", "cancel", "terminate"},
    "intermediateThrowEvent": {"message", "signal", "escalation"},
    "intermediateCatchEvent": {"message", "signal", "timer", "conditional"},
    "boundaryEvent": {"message", "signal", "timer", "conditional", "error", "escalation", "cancel"},
}
_NAMED_APART = {"link", "compensate"}
_WORDS = {
    "message": "pesan",
    "signal": "sinyal",
    "timer": "waktu",
    "conditional": "syarat",
    "error": "galat",
    "escalation": "eskalasi",
    "cancel": "pembatalan",
    "terminate": "penghentian",
}
_INTERRUPTING = {"error", "cancel"}
_OUTWARDS = {"error", "escalation"}
_TIMER_PARTS = ("timeDate", "timeDuration", "timeCycle")


def check(procedure: Procedure, diagram: Diagram) -> None:
    """Check every event and its definitions."""
    for event in diagram.all_nodes:
        if not local(event).endswith("Event"):
            continue
        _check_kind(diagram, event)
        for definition in definitions(event):
            _check_definition(diagram, event, definition)
    for event in diagram.of_kind("boundaryEvent"):
        _check_boundary(procedure, diagram, event)
    for event in diagram.of_kind("endEvent"):
        _check_leaving(procedure, diagram, event)
    for key in diagram.root.iter(bpmn("correlationProperty")):
        messages = [each.get("messageRef") for each in children(key, "correlationPropertyRetrievalExpression")]
        if not messages or not all(messages):
            diagram.fault(
                key,
                "correlation_empty",
                f"Kunci percakapan {called(key)} tidak mengatakan dari pesan mana nilainya dibaca.",
                "Pilih pesannya, dan tulis ungkapan yang membaca nilai itu dari isinya.",
            )
    for kind, word in (("error", "Galat"), ("escalation", "Eskalasi")):
        _check_codes(diagram, kind, word)


def _check_kind(diagram: Diagram, event: Element) -> None:
    kind, has = local(event), kinds(event)
    lost = [text_of(reference) for reference in children(event, "eventDefinitionRef")]
    for name in lost:
        diagram.fault(
            event,
            "event_reference",
            f"Peristiwa {called(event)} memakai definisi peristiwa {name or '(kosong)'}, yang tidak ada.",
            "Pilih lagi apa yang ditunggu atau dikirim peristiwa ini.",
        )
    if "link" in has:
        diagram.fault(
            event,
            "unsupported_link",
            f"Peristiwa tautan {called(event)} tidak dijalankan: pelaksanaan berakhir di sana.",
            "Sambungkan kedua bagian dengan panah biasa.",
        )
    if "compensate" in has:
        diagram.fault(
            event,
            "unsupported_compensation",
            f"Kompensasi pada {called(event)} tidak dijalankan.",
            "Gambar pembatalan sebagai langkah biasa sesudah gerbang.",
        )
    if len(definitions(event)) > 1:
        diagram.fault(
            event,
            "event_multiple",
            f"Peristiwa {called(event)} mempunyai {len(definitions(event))} definisi sekaligus, "
            "yang tidak berjalan benar.",
            "Gambar satu peristiwa untuk tiap definisi: sesudah gerbang peristiwa untuk menunggu, berurutan untuk "
            "mengirim.",
        )
    for name, word in (("error", "Galat"), ("escalation", "Eskalasi")):
        if name in has and kind == "intermediateCatchEvent":
            diagram.fault(
                event,
                "caught_at_once",
                f"{word} pada {called(event)} tidak ditunggu: peristiwa ini langsung dilewati.",
                "Tangkap dengan peristiwa batas pada subproses.",
            )
    if has & _INTERRUPTING and "false" in {event.get("cancelActivity"), event.get("isInterrupting")}:
        diagram.fault(
            event,
            "error_not_interrupting",
            f"Galat atau pembatalan pada {called(event)} selalu menghentikan kegiatannya; garis putus-putus tidak "
            "berlaku untuknya.",
            "Jadikan menyela, atau gunakan eskalasi bila pekerjaan berlanjut.",
        )
    beside = event.getparent().get("triggeredByEvent") == "true"
    if kind == "startEvent" and not beside and has:
        words = ", ".join(sorted(_WORDS.get(name, name) for name in has))
        diagram.fault(
            event,
            "start_by_event",
            f"Peristiwa mulai {called(event)} dimulai oleh {words}, sedangkan pelaksanaan selalu dimulai oleh orang.",
            "Gunakan peristiwa mulai biasa, dan sesudahnya peristiwa tangkap bila ada yang harus ditunggu.",
        )
    waits = kind in {"intermediateCatchEvent", "boundaryEvent"} or (kind == "startEvent" and beside)
    if waits and not has and not lost:
        diagram.fault(
            event,
            "event_empty",
            f"Peristiwa {called(event)} tidak mengatakan apa yang ditunggu.",
            "Pilih pesan, waktu, sinyal, atau syarat.",
        )
    for name in sorted(has - _KINDS[kind] - _NAMED_APART):
        if (kind == "startEvent" and not beside) or (kind == "intermediateCatchEvent" and name in _OUTWARDS):
            continue  # said above
        diagram.fault(
            event,
            "event_kind",
            f"Peristiwa {called(event)} ({_WORDS.get(name, name)}) tidak dijalankan di tempat ini.",
            "Di sini dapat digunakan: "
            + ", ".join(word for other, word in _WORDS.items() if other in _KINDS[kind])
            + ".",
        )


def _check_definition(diagram: Diagram, event: Element, definition: Element) -> None:
    name = local(definition).removesuffix("EventDefinition")
    if name in _REFERENCES and not (name in _OUTWARDS and local(event) == "intermediateCatchEvent"):
        rule, word = _REFERENCES[name]
        named = definition.get(f"{name}Ref")
        found = diagram.elements.get(named)
        catches_all = name in _OUTWARDS and named is None and local(event) in {"boundaryEvent", "startEvent"}
        if not catches_all and (found is None or local(found) != name):
            diagram.fault(
                event,
                rule,
                f"Peristiwa {called(event)} {f'menyebut {word} {named}, yang' if named else f'tidak menyebut {word}'}"
                f"{' tidak ada' if named else ', sehingga langsung dilewati'}.",
                f"Pilih {word} yang dikirim atau ditunggu.",
            )
    if name == "conditional" and definition.find(bpmn("condition")) is None:
        diagram.fault(
            event,
            "condition_missing",
            f"Peristiwa {called(event)} tidak mempunyai syarat.",
            "Tulis syarat yang ditunggu.",
        )
    if name == "timer":
        given = [part for part in _TIMER_PARTS if inner_text(definition, part)]
        if len(given) != 1:
            diagram.fault(
                event,
                "timer_empty",
                f"Pewaktu {called(event)} {'mempunyai dua waktu' if given else 'tidak mempunyai waktu'}.",
                "Isi satu saja: tanggal, lama (mis. PT8H), atau siklus (mis. R3/P1D).",
            )
        if local(event) == "startEvent" and "timeCycle" in given:
            diagram.fault(
                event,
                "start_cycle",
                f"Siklus waktu {called(event)} tidak memulai subproses peristiwanya lebih dari sekali.",
                "Gunakan lama (timeDuration); pengulangan digambar sebagai peristiwa batas yang tidak menyela.",
            )
        if local(event) == "intermediateCatchEvent" and "timeCycle" in given:
            diagram.fault(
                event,
                "catch_cycle",
                f"Siklus waktu {called(event)} tidak dapat ditunggu: alur berlanjut dari sini satu kali saja.",
                "Gunakan lama (timeDuration), mis. P1D; "
                "pengulangan digambar sebagai peristiwa batas yang tidak menyela.",
            )
        if local(event) == "boundaryEvent" and "timeCycle" in given and event.get("cancelActivity", "true") == "true":
            diagram.fault(
                event,
                "boundary_cycle",
                f"Siklus waktu {called(event)} tidak akan menghentikan tugasnya.",
                "Gunakan lama (timeDuration), atau jadikan tidak menyela.",
            )


def _check_boundary(procedure: Procedure, diagram: Diagram, event: Element) -> None:
    host = diagram.elements.get(event.get("attachedToRef"))
    if host is None or local(host) not in ACTIVITIES:
        diagram.fault(
            event,
            "boundary_loose",
            f"Peristiwa batas {called(event)} tidak menempel pada tugas atau subproses.",
            "Tempelkan pada tepi tugasnya.",
        )
    elif "cancel" in kinds(event) and local(host) != "transaction":
        diagram.fault(
            event,
            "cancel_outside_transaction",
            f"Peristiwa pembatalan {called(event)} hanya berlaku pada transaksi.",
            "Ubah subprosesnya menjadi transaksi, atau gunakan galat.",
        )
    elif "error" in kinds(event) and not any(
        _may_throw(procedure, diagram, host, _code(diagram, each), set())
        for each in event.iterfind(bpmn("errorEventDefinition"))
    ):
        diagram.warn(
            event,
            "error_never",
            f"Galat pada {called(event)} tidak pernah terjadi: tidak ada yang melemparnya di dalam {called(host)}.",
            "Akhiri cabang di dalam subproses (atau proses yang dipanggil) dengan galat itu, atau hapus peristiwa ini.",
        )
    if any(True for _ in children(event, "incoming")) or diagram.incoming.get(event.get("id")):
        diagram.fault(
            event,
            "boundary_entered",
            f"Ke peristiwa batas {called(event)} masuk panah; ia hanya dapat terjadi pada tugasnya.",
            "Hapus panah masuknya.",
        )


def _check_leaving(procedure: Procedure, diagram: Diagram, event: Element) -> None:
    """Check that a scope around it catches what an end event throws outwards."""
    if "cancel" in kinds(event):
        scope = event.getparent()
        if local(scope) != "transaction":
            diagram.fault(
                event,
                "cancel_outside_transaction",
                f"Pembatalan {called(event)} hanya berlaku langsung di dalam transaksi.",
                "Ubah subprosesnya menjadi transaksi, atau gunakan galat.",
            )
        elif not any("cancel" in kinds(each) for each in diagram.boundary_events.get(scope.get("id"), [])):
            diagram.fault(
                event,
                "cancel_uncaught",
                f"Pembatalan {called(event)} tidak ditangkap di tepi transaksi {called(scope)}.",
                "Tempelkan peristiwa batas pembatalan pada transaksi itu.",
            )
    for definition in definitions(event):
        if local(definition) != "errorEventDefinition":
            continue
        error = diagram.elements.get(definition.get("errorRef"))
        code = None if error is None else error.get("errorCode")
        if error is not None and not _is_caught(procedure, diagram, event, code, set()):
            diagram.fault(
                event,
                "error_uncaught",
                f"Galat {called(error)} dari {called(event)} tidak ditangkap di mana pun.",
                "Tempelkan peristiwa batas galat pada subproses (atau call activity) yang memuatnya.",
            )


def _is_caught(procedure: Procedure, diagram: Diagram, node: Element, code: str | None, seen: set[str]) -> bool:
    """Whether some scope around *node* catches an error of *code*, or some activity that calls its process."""
    scope = node.getparent()
    if any(_catches(diagram, start, code) for side in _sides(scope) for start in children(side, "startEvent")):
        return True
    if local(scope) in SUB_PROCESSES:
        on_edge = diagram.boundary_events.get(scope.get("id"), [])
        return any(_catches(diagram, each, code) for each in on_edge) or _is_caught(
            procedure, diagram, scope, code, seen
        )
    if scope.get("id") in seen:
        return False
    seen.add(scope.get("id"))
    return any(
        any(_catches(other, each, code) for each in other.boundary_events.get(call.get("id"), []))
        or _is_caught(procedure, other, call, code, seen)
        for other in procedure.diagrams
        for call in other.of_kind("callActivity")
        if call.get("calledElement") == scope.get("id")
    )


def _code(diagram: Diagram, definition: Element) -> str | None:
    """Return the code of the error that a definition names; None if it names none, or one without a code."""
    error = diagram.elements.get(definition.get("errorRef"))
    return None if error is None else error.get("errorCode")


def _may_throw(procedure: Procedure, diagram: Diagram, scope: Element, code: str | None, seen: set[str]) -> bool:
    """Whether an error of *code* (None: any) is thrown inside *scope*, or in a process that it calls."""
    thrown = {
        _code(diagram, each) for end in scope.iter(bpmn("endEvent")) for each in end.iter(bpmn("errorEventDefinition"))
    }
    targets = {call.get("calledElement") for call in scope.iter(bpmn("callActivity"))} - seen
    return bool(thrown & {code, None} if code else thrown) or any(
        _may_throw(procedure, other, process, code, seen | targets)
        for other, process in procedure.processes()
        if process.get("id") in targets
    )


def _sides(scope: Element) -> list[Element]:
    return [side for side in children(scope, "subProcess") if side.get("triggeredByEvent") == "true"]


def _catches(diagram: Diagram, event: Element, code: str | None) -> bool:
    return any(_code(diagram, each) in (None, code) for each in event.iterfind(bpmn("errorEventDefinition")))


def _check_codes(diagram: Diagram, kind: str, word: str) -> None:
    """Check that what is told apart by its code has one: without, it is taken for every other."""
    named = list(children(diagram.root, kind))
    for element in named if len(named) > 1 else ():
        if not element.get(f"{kind}Code"):
            diagram.fault(
                element,
                "code_missing",
                f"{word} {called(element)} tidak mempunyai kode, sehingga tidak dapat dibedakan dari yang lain.",
                f"Beri {kind}Code yang berbeda pada setiap {word.lower()}.",
            )
