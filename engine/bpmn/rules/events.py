"""Rules about events: definitions that the engine ignores, fires at once, or cannot resolve."""

from engine.bpmn.markup import Element, children, local
from engine.bpmn.rules.diagram import ACTIVITIES, Diagram, Procedure, called, definitions, inner_text, kinds

_REFERENCES = {
    "messageEventDefinition": ("messageRef", "message_missing", "pesan"),
    "signalEventDefinition": ("signalRef", "signal_missing", "sinyal"),
}
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
        _check_boundary(diagram, event)


def _check_kind(diagram: Diagram, event: Element) -> None:
    kind, has = local(event), kinds(event)
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
    if kind == "endEvent" and "signal" in has:
        diagram.fault(
            event,
            "signal_end",
            f"Sinyal pada peristiwa selesai {called(event)} tidak akan dikirim.",
            "Kirim sinyal dengan peristiwa lempar sebelum peristiwa selesai biasa.",
        )
    for name, word in (("error", "Galat"), ("escalation", "Eskalasi")):
        in_process = kind == "startEvent" and event.getparent().get("triggeredByEvent") != "true"
        if name in has and (kind == "intermediateCatchEvent" or in_process):
            diagram.fault(
                event,
                "caught_at_once",
                f"{word} pada {called(event)} tidak ditunggu: peristiwa ini langsung dilewati.",
                "Tangkap dengan peristiwa batas pada subproses.",
            )
    if kind == "startEvent" and local(event.getparent()) == "process" and has:
        diagram.warn(
            event,
            "start_by_event",
            f"Peristiwa mulai {called(event)} menunggu sebuah peristiwa; orang tetap dapat memulai dari halaman Mulai.",
            "Gunakan peristiwa mulai biasa bila hanya orang yang memulai.",
        )
    if kind == "intermediateCatchEvent" and not has:
        diagram.fault(
            event,
            "event_empty",
            f"Peristiwa tangkap {called(event)} tidak mengatakan apa yang ditunggu.",
            "Pilih pesan, waktu, sinyal, atau syarat.",
        )


def _check_definition(diagram: Diagram, event: Element, definition: Element) -> None:
    reference = _REFERENCES.get(local(definition))
    if reference is not None:
        attribute, rule, word = reference
        if definition.get(attribute) not in diagram.elements:
            diagram.fault(
                event,
                rule,
                f"Peristiwa {called(event)} tidak menyebut {word}, sehingga langsung dilewati.",
                f"Pilih {word} yang dikirim atau ditunggu.",
            )
    if local(definition) == "timerEventDefinition":
        given = [part for part in _TIMER_PARTS if inner_text(definition, part)]
        if len(given) != 1:
            diagram.fault(
                event,
                "timer_empty",
                f"Pewaktu {called(event)} {'mempunyai dua waktu' if given else 'tidak mempunyai waktu'}.",
                "Isi satu saja: tanggal, lama (mis. PT8H), atau siklus (mis. R3/P1D).",
            )
        if local(event) == "boundaryEvent" and "timeCycle" in given and event.get("cancelActivity", "true") == "true":
            diagram.fault(
                event,
                "boundary_cycle",
                f"Siklus waktu {called(event)} tidak akan menghentikan tugasnya.",
                "Gunakan lama (timeDuration), atau jadikan tidak menyela.",
            )


def _check_boundary(diagram: Diagram, event: Element) -> None:
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
    if any(True for _ in children(event, "incoming")) or diagram.incoming.get(event.get("id")):
        diagram.fault(
            event,
            "boundary_entered",
            f"Ke peristiwa batas {called(event)} masuk panah; ia hanya dapat terjadi pada tugasnya.",
            "Hapus panah masuknya.",
        )
