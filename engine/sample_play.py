"""Plays the past of a new sample office: what its people did in the weeks before, by calls of the services.

A procedure may have a folder ``contoh`` beside its diagram. Its ``pelaksanaan.json`` lists deeds (start, complete,
approve): who did them, how much working time after the deed before, and what was typed; tables are CSV files. Each deed
calls the service that people use, with an instant between the past and yesterday, so history, papers and archive are
real. docs/prosedur.md describes the file.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from engine.model.calendar import OfficeCalendar
from engine.model.dates import type_date
from engine.model.errors import there
from engine.model.people import Actor
from engine.model.signatures import Mode
from engine.service.people.accounts import Retyped
from engine.service.people.attempts import Source
from engine.service.procedures.procedure import INDONESIAN, Entries
from engine.service.services import Services
from engine.store.database import Database
from engine.store.queries import tasks

FOLDER, FILE = "contoh", "pelaksanaan.json"
CLOSED = timedelta(days=10)  # after the end of a quarter, when its figures are there to be collected
BEFORE = timedelta(days=7)
QUARTERS = ("I", "II", "III", "IV")
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Deed:
    """What a person did at an instant, such as completing a step."""

    at: datetime
    instance: int  # its place in the file
    said: Mapping[str, Any]
    words: Texts  # replaces {words} in typed texts


@dataclass(frozen=True)
class Script:
    """The content of a procedure's folder ``contoh``, with dates relative to the day of the first start."""

    process_id: str
    folder: Path
    said: Mapping[str, Any]
    calendar: OfficeCalendar
    today: date

    @classmethod
    def of(cls, process: Path, calendar: OfficeCalendar, now: datetime) -> "Script | None":
        """Return the script of a procedure; None if it has none."""
        path, today = process / FOLDER / FILE, now.astimezone(calendar.zone).date()
        if not path.is_file():
            return None
        return cls(process.name, path.parent, json.loads(path.read_bytes()), calendar, today)

    def founded(self) -> datetime:
        """Return when the office began: in working time, some days before the first deed."""
        return self.calendar.next_opening(self.deeds()[0].at - BEFORE)

    def years(self) -> range:
        """Return the years of the instances, and the year before."""
        every = [int(self._words(each)["tahun"]) for each in self.said["pelaksanaan"]]
        return range(min(every) - 1, max(every) + 1)

    def deeds(self) -> list[Deed]:
        """Return all deeds in order of time, all before today and in working time."""
        found, calendar = [], self.calendar
        for number, each in enumerate(self.said["pelaksanaan"]):
            began, words, day = each["mulai"], self._words(each), self.today
            for _ in range(began["hari_kerja_lalu"]):
                day = max(d for n in range(1, 31) if calendar.is_working_day(d := day - timedelta(days=n)))
            at = datetime.combine(day, time.fromisoformat(began["pukul"]), calendar.zone)
            at = calendar.next_opening(at)
            found.append(Deed(at, number, began, words))
            for deed in each["lalu"]:
                at = calendar.due(at, deed["sesudah"])
                today = type_date(at.astimezone(calendar.zone).date())
                found.append(Deed(at, number, deed, {**words, "hari_ini": today}))
        return sorted(found, key=lambda deed: deed.at)

    def rows(self, content: bytes) -> bytes:
        """Return the sample rows of a register as CSV; rows of a year are repeated for each of ``years``."""
        per = self.said["register"]
        head, *rows = csv.reader(io.StringIO(content.decode()), delimiter=";")
        if per["kolom"] not in head:
            return content
        years = sorted({int(per["nilai"]), *self.years()})
        kept = io.StringIO()
        every = ([text.replace(per["nilai"], str(year)) for text in row] for year in years for row in rows)
        csv.writer(kept, delimiter=";").writerows([head, *every])
        return kept.getvalue().encode()

    def table(self, said: Mapping[str, Any], words: Texts) -> dict[str, Texts]:
        """Return the rows of a CSV file for filling in a table of a form, by key."""
        if "dari" not in said:
            return {}
        wanted = {name: text.format_map(words) for name, text in said["bila"].items()}
        rows = csv.DictReader(io.StringIO((self.folder / said["dari"]).read_text()), delimiter=";")
        found = [row for row in rows if wanted.items() <= row.items()]
        return {r[said["kunci"]]: {k: v for k, v in r.items() if k not in (said["kunci"], *wanted)} for r in found}

    def _words(self, instance: Mapping[str, Any]) -> dict[str, str]:
        """Return year and quarter of an instance, *triwulan_lalu* quarters before the last one that is over."""
        day = self.today - CLOSED
        year, quarter = divmod(day.year * 4 + (day.month - 1) // 3 - 1 - instance["triwulan_lalu"], 4)
        return {"tahun": str(year), "tahun_lalu": str(year - 1), "triwulan": QUARTERS[quarter]}


@dataclass(frozen=True)
class Play:
    """Plays a script through the services."""

    script: Script
    services: Services
    database: Database
    passwords: Texts  # of the sample people, who sign with them

    def __call__(self, founder: Actor) -> None:
        """Do the deeds of the script in order."""
        started: dict[int, str] = {}
        came: set[tuple[str, date]] = set()
        for deed in self.script.deeds():
            person, today = self.services.people.person(founder, deed.said["oleh"]), self.services.office.today(deed.at)
            held = tuple(each for each in person.memberships if each.holds_on(today))
            actor = Actor.of(replace(person, memberships=held))
            if (actor.person_id, today) not in came:
                came.add((actor.person_id, today))
                self.services.accounts.sign_in_sample(actor.person_id, Source("127.0.0.1"), deed.at)
            if deed.said is self.script.said["pelaksanaan"][deed.instance]["mulai"]:
                typed = dict(self._typed(actor, "", deed.said["isian"], deed, {}))
                started[deed.instance] = self.services.starts.start(actor, self.script.process_id, typed, deed.at)
            elif "setujui" in deed.said:
                self._approve(actor, started[deed.instance], deed)
            elif "arsipkan" in deed.said:
                typed = dict(self._typed(actor, "", deed.said["arsipkan"], deed, {}))
                self.services.archives.correct(actor, started[deed.instance], typed, deed.at, INDONESIAN)
            elif "pindai" in deed.said:
                self._file_scans(actor, started[deed.instance], deed)
            else:
                self._complete(actor, started[deed.instance], deed)

    def _complete(self, actor: Actor, instance: str, deed: Deed) -> None:
        element, at = deed.said["langkah"], deed.at
        with self.database.read() as reader:
            every = tasks.open_of_instances(reader, [instance])[instance]
        its = (t.id for t in every if t.element_id == element and t.holder in (None, actor.person_id))
        task = there(next(its, None), element)
        entries = self.services.tasks.prefill(self.services.tasks.open(actor, task, at))
        for said in (self.script.said["isian"].get(element, {}), deed.said.get("isian", {})):
            entries = {**entries, **dict(self._typed(actor, task, said, deed, entries))}
        self.services.tasks.complete(actor, task, entries, at, retyped=self._retyped(actor))

    def _approve(self, actor: Actor, instance: str, deed: Deed) -> None:
        approvals = self.services.approvals
        waiting = self.services.instances.page(actor, instance, deed.at)
        named = {version.id: version.data_object_id for version in waiting.documents}
        its = (each.document_id for each in waiting.mine if named.get(each.document_id) == deed.said["setujui"])
        signer = self.services.signing.signer(actor, self._retyped(actor), deed.at)
        document = there(next(its, None), deed.said["setujui"])
        approvals.approve(actor, document, Mode.INTERNAL, signer, INDONESIAN, deed.at)

    def _file_scans(self, actor: Actor, instance: str, deed: Deed) -> None:
        for each in self.services.approvals.of_person(actor, instance):
            with (self.script.folder / (name := deed.said["pindai"])).open("rb") as scan:
                self.services.signing.file(actor, str(each.signature_id), name, scan, INDONESIAN, deed.at)

    def _retyped(self, actor: Actor) -> Retyped:
        return Retyped(self.passwords[actor.person_id], "127.0.0.1")

    def _typed(
        self, actor: Actor, task: str, said: Any, deed: Deed, entries: Entries, path: str = ""
    ) -> Iterator[tuple[str, list[str]]]:
        """Yield typed texts by path; *kunci* fills in the rows that a table of the form already has."""
        if isinstance(said, Mapping) and "kunci" in said:
            known, end = self.script.table(said, deed.words), f".{said['kunci']}"
            for at in [at for at in entries if at.startswith(f"{path}.") and at.endswith(end)]:
                [text] = entries[at]
                row = {**known.get(text, {}), **said.get("semua", {}), **said.get("baris", {}).get(text, {})}
                yield from self._typed(actor, task, row, deed, entries, at.removesuffix(end))
        elif isinstance(said, Mapping):
            for name, each in said.items():
                yield from self._typed(actor, task, each, deed, entries, f"{path}.{name}".strip("."))
        elif isinstance(said, list):
            for number, each in enumerate(said):
                yield from self._typed(actor, task, each, deed, entries, f"{path}.{number}")
        elif said.startswith("@"):
            name = said.removeprefix("@")
            with (self.script.folder / name).open("rb") as file:
                yield path, ["", self.services.documents.stage(actor, task, name, file, deed.at).id]
        else:
            yield path, [said.format_map(deed.words)]
