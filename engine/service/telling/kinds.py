"""The kinds of notices with their labels. A new kind is an entry here, and in ``model.notices`` the deed that makes it.

Labels are translated like texts of pages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.support import Translations

import engine
from engine.model.notices import Kind

NOW, DIGEST, OFF = "sekarang", "ringkasan", "tidak"
WAYS = (NOW, DIGEST, OFF)
"""How a kind is sent by e-mail; the page of notices shows all kinds."""
CATALOGUES = Path(engine.__file__).parent / "web" / "translations"


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


@dataclass(frozen=True, slots=True)
class Saying:
    """How a kind is shown; *usual* is its way by e-mail unless the person chooses another."""

    label: str
    icon: str
    usual: str = NOW
    colour: str = "biru"


KINDS: Mapping[Kind, Saying] = {
    Kind.TASK: Saying(_("Tugas baru"), "inbox"),
    Kind.RETURNED: Saying(_("Tugas dikembalikan"), "arrow-back-up", colour="ungu"),
    Kind.HANDED: Saying(_("Tugas diserahkan kepada Anda"), "user-check"),
    Kind.APPROVE: Saying(_("Dokumen menunggu persetujuan"), "hourglass", colour="kuning"),
    Kind.MEND: Saying(_("Dokumen dikembalikan"), "arrow-back-up", colour="ungu"),
    Kind.ARCHIVE: Saying(_("Naskah manual perlu diarsipkan"), "archive", colour="kuning"),
    Kind.SOON: Saying(_("Hampir jatuh tempo"), "clock-exclamation", colour="kuning"),
    Kind.LATE: Saying(_("Terlambat"), "alert-triangle", colour="merah"),
    Kind.ESCALATED: Saying(_("Terlambat, diteruskan kepada Anda"), "alert-triangle", colour="merah"),
    Kind.SIGNED: Saying(_("Dokumen disetujui atau ditandatangani"), "signature", DIGEST, "hijau"),
    Kind.DONE: Saying(_("Pelaksanaan selesai"), "check", DIGEST, "hijau"),
    Kind.STOPPED: Saying(_("Pelaksanaan dihentikan"), "player-stop", colour="netral"),
    Kind.EXTENDED: Saying(_("Tenggat diperpanjang"), "clock-check"),
    Kind.READY: Saying(_("Dokumen yang ditunggu sudah disetujui"), "check", colour="hijau"),
    Kind.RETRACTED: Saying(_("Langkah ditarik kembali"), "arrow-back-up", colour="netral"),
    Kind.SUBSTITUTE: Saying(_("Anda menggantikan yang cuti"), "user-check"),
    Kind.STOOD_IN: Saying(_("Pengganti menyelesaikan tugas Anda"), "user-check", DIGEST, "hijau"),
    Kind.MENTIONED: Saying(_("Anda disebut dalam catatan"), "at"),
    Kind.INCIDENT: Saying(_("Ada insiden"), "alert-octagon", colour="merah"),
    Kind.MESSAGE: Saying(_("Pesan tidak terkirim"), "alert-octagon", colour="merah"),
}


@cache
def gettext_of(locale: str | None) -> Callable[[str], str]:
    """Return the translation function of a language, for texts outside of pages."""
    return Translations.load(CATALOGUES, [locale]).gettext if locale == "en" else str
