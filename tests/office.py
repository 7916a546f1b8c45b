"""The office as services meet it: its people at work, over a real database, with a clock that stands still."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher
from sqlalchemy import select

from engine.app import build_services
from engine.cli import CONSOLE
from engine.forms.field import field_at
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM, Actor, Capacity, Membership, OfficeRole, Person
from engine.model.signatures import Mode
from engine.service.authoring.checking import read_folder
from engine.service.papers.signing import Signer
from engine.service.procedures.procedure import INDONESIAN
from engine.settings import read
from engine.store.database import Database, open_database
from engine.store.proof import prove
from engine.store.queries import absences, document_tasks, people, tasks
from engine.store.tables import instance
from tests import registers
from tests.forms.office import TYPED
from tests.papers import PICTURE

ROOT = Path(__file__).parent.parent
SOP = "pengumpulan_data_kinerja"
WIB = ZoneInfo("Asia/Jakarta")
FRIDAY = datetime(2025, 4, 11, 10, 15, tzinfo=WIB).astimezone(UTC)
LONG_AGO = date(2025, 1, 1)

STAFF = {
    "kepala.dinas": "kepala_dinas",
    "sekretaris": "sekretaris",
    "tim.sakip": "tim_sakip",
    "tim.sakip.2": "tim_sakip",
    "pemegang.data.1": "pemegang_data",
    "pemegang.data.2": "pemegang_data",
    "perancang": OfficeRole.DESIGNER.value,
    "auditor": OfficeRole.AUDITOR.value,
    "operator": OfficeRole.OPERATOR.value,
}
ACCOUNTS = {
    "kepala": "kepala.dinas",
    "pemegang.1": "pemegang.data.1",
    "pemegang.2": "pemegang.data.2",
    "sakip.1": "tim.sakip",
    "sakip.2": "tim.sakip.2",
}


FIGURES = {
    "IKU-01": {"realisasi": "66,5"},
    "IKU-02": {"realisasi": "87,64"},
    "IKU-03": {"realisasi": "93,93", "pembilang": "402", "penyebut": "428"},
    "IKU-04": {"realisasi": "4,6", "pembilang": "1.968,8", "penyebut": "428"},
    "IKU-05": {"realisasi": "65"},
}
"""Of the first quarter, illustrations: none so far off its target that somebody has to say why."""


WHY = {"kendala": "Data pusat terlambat.", "tindak_lanjut": "Data diminta lebih awal."}


HOW_IT_WENT = "Target belum tercapai karena data pusat terlambat."


def returned(holder: str, why: str = "Rekap bukan dari periode ini.") -> dict[str, str]:
    """What the team enters to have a holder's first indicator corrected."""
    row = f"notula_analisis.analisis.{('pemegang.data.1', 'pemegang.data.2').index(holder)}"
    return {
        f"{row}.status_verifikasi": "perlu_perbaikan",
        f"{row}.catatan": "Lampirkan rekap triwulan ini.",
        "hasil_verifikasi": "kembalikan",
        "catatan_pengembalian": why,
    }


def typed(form_id: str) -> dict[str, list[str]]:
    """What somebody types into a form beside what it begins with, in the accounts of this office."""
    found = {}
    for path, texts in TYPED[form_id].items():
        listed = [texts] if isinstance(texts, str) else list(texts)
        found[path] = [ACCOUNTS.get(text, text) for text in listed]
    return found


STORED = {"lokasi_simpan.ruang": "Arsip", "lokasi_simpan.rak": "2", "lokasi_simpan.boks": "14"}
STORED |= {"tanggal_simpan": "11/4/2025", "petugas": "tim.sakip"}


@dataclass
class OfficeAtWork:
    """An office with its SOP deployed and a person in every role."""

    database: Database
    data_dir: Path
    now: datetime = FRIDAY
    tampered: bool = False  # somebody wrote into the database behind the program's back
    explains: bool = False  # whether holders say what hindered them, as figures far off the target ask for
    files: str = ""  # ALUR_FILES
    head_is_in: bool = True  # and approves whatever waits for the head's word as soon as it does

    def __post_init__(self) -> None:
        settings = read({"ALUR_DATA": str(self.data_dir), "ALUR_FILES": self.files})
        self.services = build_services(settings, self.database, self.data_dir)
        quick = replace(self.services.accounts, hasher=PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
        self.services.accounts = quick  # the same algorithm, at a cost that tests can pay
        self.services.people = replace(self.services.people, accounts=quick)
        self.services.office.seed(self.now)

    def open(self, staff: Mapping[str, str] = STAFF) -> "OfficeAtWork":
        """Let everybody in and deploy the SOP."""
        for account, role in staff.items():
            self.hire(account, role)
        files = read_folder(ROOT / "processes", ROOT / "forms", SOP)
        self.services.deployments.deploy(CONSOLE, SOP, files, "pertama", self.now, at_console=True)
        for register_id in registers.NEEDED:
            self.fill_register(register_id)
        return self

    def fill_register(self, register_id: str) -> None:
        """Define a register and give it its sample rows."""
        at = self.services.registers
        at.define(CONSOLE, register_id, registers.files(register_id), self.now)
        with self.database.read() as reader:
            accounts = people.names(reader)
        rows = registers.sample(register_id, accounts)
        done = at.take_in(CONSOLE, register_id, rows, registers.SINCE, self.now, illustration=True)
        assert not done.faults, done.faults

    def hire(
        self,
        account: str,
        *roles: str,
        since: date = LONG_AGO,
        until: date | None = None,
        capacity: Capacity = Capacity.DEFINITIVE,
        decree: str | None = None,
    ) -> None:
        held = tuple(Membership(f"m-{account}-{r}", account, r, capacity, since, until, decree) for r in roles)
        person = Person(account, account.replace(".", " ").title(), True, False, None, held)
        with self.database.write(SYSTEM, self.now) as work:
            told = {"name": {"commitment": people.add(work, person, None, self.now)}, "roles": list(roles)}
            work.record(f"person:{account}", HistoryEvent(Action.PERSON_ADDED, change=told))

    def gives(
        self, account: str, role: str, since: date, until: date | None, capacity: Capacity, decree: str | None
    ) -> None:
        """Let somebody who is here work in another role as well."""
        held = Membership(f"m-{account}-{role}", account, role, capacity, since, until, decree)
        with self.database.write(SYSTEM, self.now) as work:
            people.add_membership(work, held)
            told = {"role": role, "capacity": capacity, "since": since, "until": until, "decree": decree}
            work.record(f"person:{account}", HistoryEvent(Action.MEMBERSHIP_ADDED, change={"new": told}))

    def actor(self, account: str) -> Actor:
        """The person as signed in now: with the memberships in force today."""
        today = self.services.office.today(self.now)
        with self.database.read() as reader:
            person = people.by_id(reader, account)
            away = frozenset(each.person_id for each in absences.of(reader, account) if each.meets(today, today))
        assert person is not None
        person = replace(person, stands_in_for=away - {account})
        return Actor.of(replace(person, memberships=tuple(m for m in person.memberships if m.holds_on(today))))

    def start(self, account: str = "kepala.dinas", year: str = "2025", period: str = "I") -> str:
        entries = {"tahun": [year], "periode": [period]}
        return self.services.starts.start(self.actor(account), SOP, entries, self.now)

    def task(self, instance_id: str, element_id: str, item: str | None = None) -> str:
        """The id of the open task of an element."""
        with self.database.read() as reader:
            found = tasks.open_of_instances(reader, [instance_id])[instance_id]
        ids = [t.id for t in found if t.element_id == element_id and item in (None, t.item)]
        assert ids, f"{element_id} is not open; {[(t.element_id, t.item) for t in found]} are"
        return ids[0]

    def open_steps(self, instance_id: str) -> list[str]:
        with self.database.read() as reader:
            found = tasks.open_of_instances(reader, [instance_id])[instance_id]
        return sorted(t.element_id + (f"/{t.item}" if t.item else "") for t in found)

    def filled(self, account: str, task_id: str, **more: str | Sequence[str]) -> dict[str, list[str]]:
        """The form as *account* finds it, filled in plausibly; *more* by path with ``__`` for a point."""
        page = self.services.tasks.open(self.actor(account), task_id, self.now)
        entries = {path: list(texts) for path, texts in self.services.tasks.prefill(page).items()}
        for path, texts in typed(page.item.step.element_id).items():
            known = field_at(page.form.tree, path) is not None  # an earlier version may not ask for it
            if known and not _beyond(path, entries) and not path.startswith("draft_laporan.baris"):
                entries[path] = texts
        if page.item.step.element_id == "siapkan_data":
            entries |= self.figures(account, task_id, entries)
        if self.explains:
            rows = [path for path in entries if path.startswith("notula_analisis.analisis.") and path.endswith(".kode")]
            entries |= {f"{path.removesuffix('kode')}hasil": [HOW_IT_WENT] for path in rows}
        for path, texts in more.items():
            entries[path.replace("__", ".")] = [texts] if isinstance(texts, str) else list(texts)
        return entries

    def figures(self, account: str, task_id: str, entries: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """A plausible figure for every indicator, each with its evidence."""
        found = {}
        for path, texts in entries.items():
            if not path.startswith("draft_laporan.baris.") or not path.endswith(".kode"):
                continue
            row = path.removesuffix("kode")
            stream = io.BytesIO(b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
            staged = self.services.documents.stage(self.actor(account), task_id, "bukti.pdf", stream, self.now)
            found |= {f"{row}{name}": [text] for name, text in FIGURES[texts[0]].items()}
            if self.explains:
                found |= {f"{row}{name}": [text] for name, text in WHY.items()}
            found[f"{row}bukti"] = ["", staged.id]
        return found

    def do(self, account: str, instance_id: str, element_id: str, item: str | None = None, **more: Any) -> str:
        """Complete a step as *account* would; the task's id."""
        task_id = self.task(instance_id, element_id, item)
        self.services.tasks.complete(self.actor(account), task_id, self.filled(account, task_id, **more), self.now)
        if self.head_is_in and any(v.pending for v in self.page(instance_id, account).documents):
            self.approve(instance_id)
        return task_id

    def approve(self, instance_id: str, mode: Mode = Mode.INTERNAL, account: str = "kepala.dinas") -> None:
        """Approve every document that waits for *account*, who is known by more than a password."""
        at, actor = self.services.approvals, self.actor(account)
        for each in at.of_person(actor, instance_id):
            if each.kind == "approve":
                at.approve(actor, each.document_id, mode, Signer(lambda: None, {}), INDONESIAN, self.now)

    def file_scans(self, instance_id: str, account: str | None = None) -> None:
        """File a scan of every paper that was signed in ink, as its signer; of *account* alone if given."""
        signing = self.services.signing
        with self.database.read() as reader:
            waiting = document_tasks.of_instances(reader, [instance_id])[instance_id]
        for each in waiting:
            if each.kind == "file" and each.mode == Mode.WET and account in (None, each.person):
                scan = io.BytesIO(PICTURE + f"{instance_id} {each.name}".encode())
                signer = self.actor(str(each.person))
                signing.file(signer, str(each.signature_id), "pindaian.png", scan, INDONESIAN, self.now)

    def file_papers(self, instance_id: str, account: str = "tim.sakip", **more: str) -> None:
        """Say where the paper copy of a completed instance is stored; *more* by path with ``__`` for a point."""
        said = STORED | {path.replace("__", "."): text for path, text in more.items()}
        entries = {path: [text] for path, text in said.items()}
        self.services.archives.correct(self.actor(account), instance_id, entries, self.now, INDONESIAN)

    def until_data(self, instance_id: str) -> None:
        """The first three steps."""
        self.do("kepala.dinas", instance_id, "perintahkan_pengumpulan_data")
        self.do("sekretaris", instance_id, "siapkan_kertas_kerja")
        self.do("tim.sakip", instance_id, "susun_jadwal")

    def until_analysis(self, instance_id: str) -> None:
        """The first four steps."""
        self.until_data(instance_id)
        for holder in ("pemegang.data.1", "pemegang.data.2"):
            self.do(holder, instance_id, "siapkan_data", holder)

    def page(self, instance_id: str, account: str = "auditor") -> Any:
        return self.services.instances.page(self.actor(account), instance_id, self.now)

    def prove(self) -> None:
        """Whatever happened in this office, its rows follow from its history; else the first that do not are told.

        And what it moved itself it has at hand for the next move, or has forgotten.
        """
        if not self.tampered:
            with self.database.read() as reader:
                faults = prove(reader).faults
                rows = reader.connection.execute(select(instance.c.id, instance.c.revision))
                revisions = {row.id: row.revision for row in rows}
            assert not faults, [(str(fault), fault) for fault in faults[:5]]
            kept = self.services.tasks.executor._live
            stale = [id_ for id_, each in kept.items() if each.revision != revisions[id_]]
            assert not stale, stale

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


def kept_for_search(office: OfficeAtWork) -> int:
    """Let the worker write what search finds; return for how many instances it did."""
    done = 0
    while found := office.services.finding.sweep(office.now):
        done += found
    return done


def prepare(url: str, data_dir: Path) -> None:
    """Open an office in a database and its folder of data; tests begin with copies of them."""
    data_dir.mkdir(mode=0o700)
    database = open_database(url, data_dir)
    try:
        OfficeAtWork(database, data_dir).open()
    finally:
        database.close()


def _beyond(path: str, entries: Mapping[str, Sequence[str]]) -> bool:
    """Whether *path* is in a row that a prefilled table does not have."""
    parts = path.split(".")
    for place, part in enumerate(parts):
        if part.isdecimal():
            table, row = ".".join(parts[:place]) + ".", ".".join(parts[: place + 1]) + "."
            return any(known.startswith(table) for known in entries) and not any(k.startswith(row) for k in entries)
    return False
