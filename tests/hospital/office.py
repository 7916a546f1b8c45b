"""A hospital as its operator sets it up at the console: a procedure of another kind, its register, its people.

Nothing here is the office's: another folder of procedures, other lanes, another register, another series of numbers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from engine import cli
from tests.office import OfficeAtWork

HERE = Path(__file__).parent
PROCESS = "peminjaman_rekam_medis"
SHELVES = HERE / "forms" / "registers" / "contoh" / "rak_rekam_medis.csv"
STAFF = {
    "poli.anak": ("petugas_poli",),
    "rekam.medis": ("petugas_rekam_medis",),
    "kepala.rm": ("kepala_instalasi", "petugas_poli"),
    "auditor": ("auditor",),
    "operator": ("operator",),
}


@dataclass
class Hospital(OfficeAtWork):
    """A hospital whose people lend medical records; commands of the console happen at its own clock."""

    url: str = ""

    def alur(self, *words: str) -> str:
        """Run a command as an operator types it, and return what it printed; it must succeed."""
        done = self.asked(*words)
        assert done.exit_code == 0, done.output
        return str(done.output)

    def asked(self, *words: str):
        """Run a command as an operator types it."""
        environment = {
            "ALUR_DATA": str(self.data_dir),
            "ALUR_DATABASE_URL": self.url,
            "ALUR_PROCESSES": str(HERE / "processes"),
            "ALUR_FORMS": str(HERE / "forms"),
        }
        real, cli.now = cli.now, lambda: self.now
        try:
            return CliRunner().invoke(cli.main, list(words), env=environment)
        finally:
            cli.now = real

    def set_up(self) -> "Hospital":
        """What the README tells an operator to do for a new SOP."""
        self.alur("registers")
        self.alur("register-import", "rak_rekam_medis", str(SHELVES), "--since", "2025-01-01")
        self.alur("deploy", str(HERE / "processes" / PROCESS), "--note", "pertama")
        for account, roles in STAFF.items():
            self.hire(account, *roles)
        return self

    def let_in(self, account: str, role: str) -> str:
        """Add somebody at the console; the first password, as it was printed."""
        said = self.alur("add-person", account, account.title(), f"--role={role}")
        return re.search(r"sandi pertama (\S+)", said).group(1)

    def filled(self, account: str, task_id: str, **more: str | Sequence[str]) -> dict[str, list[str]]:
        """The form as *account* finds it, with *more* by path."""
        page = self.services.tasks.open(self.actor(account), task_id, self.now)
        found = {path: list(texts) for path, texts in self.services.tasks.prefill(page).items()}
        return found | {path: [text] if isinstance(text, str) else list(text) for path, text in more.items()}

    def borrow(self, *numbers: str, day: str = "2025-04-14", purpose: str = "pelayanan", account="poli.anak") -> str:
        """Ask for the records *numbers* on behalf of the paediatric clinic; the instance's id."""
        entries = {"poli": ["anak"], "tanggal_layanan": [day], "keperluan": [purpose]}
        instance = self.services.starts.start(self.actor(account), PROCESS, entries, self.now)
        rows = {f"permintaan.berkas.{n}.nomor": number for n, number in enumerate(numbers)}
        rows |= {f"permintaan.berkas.{n}.pasien": f"P{n}" for n in range(len(numbers))}
        self.do(account, instance, "ajukan_peminjaman", **rows)
        return instance

    def find(self, instance: str, *states: str) -> None:
        """Go along the shelves: each record is as *states* say, in the order of the sheet, and has twelve sheets."""
        rows = {f"lembar_telusur.berkas.{n}.keadaan": state for n, state in enumerate(states)}
        rows |= {f"lembar_telusur.berkas.{n}.lembar": "12" for n, s in enumerate(states) if s != "tidak_ditemukan"}
        self.do("rekam.medis", instance, "cari_berkas", **rows)

    def hand_over(self, instance: str) -> None:
        """Give the records out for a loan slip."""
        self.do("rekam.medis", instance, "serahkan_berkas", **{"bon_pinjam.penerima": "poli.anak"})

    def document(self, instance: str, data_object_id: str):
        """The newest version of a document."""
        [found] = [d for d in self.page(instance).documents if d.data_object_id == data_object_id]
        return found
