"""Reports over many instances of a procedure: summaries of a year, deadlines kept, evidence for auditors.

A report is a template with ``laporan`` in its JSON (``document_templates``). It is made on request from current data
and not stored: to keep one, people file it in an instance. Making it is recorded, like every export. Its expressions
read ``pelaksanaan``, the chosen instances, oldest first, each with its steps and the newest version of each document,
and the values of the filter under their fields' names.

A report may name documents as evidence; with them it is a ZIP with folders.
"""

import hashlib
import json
import re
import shutil
import tempfile
import zipfile
from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache, partial
from typing import Any, BinaryIO, cast

from engine.bpmn import expression
from engine.documents.spreadsheets import Column, Sheet
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.forms.defaults import Names
from engine.forms.field import Wording
from engine.model.dates import write_date
from engine.model.errors import Busy, Damaged, NotFound, NotPermitted, NotPrinted
from engine.model.history import canonical, sha256_of
from engine.model.people import SYSTEM, Actor
from engine.model.process import DONE
from engine.model.work import InstanceRecord
from engine.service.office.business_calendar import Office
from engine.service.office.reading_log import record_export
from engine.service.papers.corrections import asks_to_sign
from engine.service.papers.printing import Printing
from engine.service.papers.render_context import RenderInput, identity, local, people_of, steps_of
from engine.service.papers.sop_sheet import SopSheets
from engine.service.papers.template_values import TemplateValues
from engine.service.papers.uploads import MEDIA_TYPES
from engine.service.people.permissions import may_start
from engine.service.procedures.document_templates import PAPERS, Template, as_json, drawers, folder, given, reports
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import Transaction, documents, instances, people, signatures, tasks
from engine.store.queries.office import note_damaged

AT_ONCE = 20  # instances in memory at a time, with their steps; documents are read on demand
MOST_NAMED = 200  # most instances named in the history line; for more it has their number and the SHA-256 of the ids
ZIP = "application/zip"
UNSAFE = re.compile(r'[\x00-\x1f<>:"\\|?*]+')
IN_MEMORY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Offered:
    """A report that the actor may make, and the choices of its filter, newest first."""

    template: Template
    choices: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, Wording]  # of the filter's fields, from the start form
    any: bool  # whether there is an instance to report
    optional: frozenset[str] = frozenset()  # fields of the filter that no expression reads

    @property
    def kinds(self) -> tuple[str, ...]:
        """The file types of the report."""
        report, kinds = self.template.report, [kind for kind in self.template.formats if kind != "docx"]
        return (*kinds, *(("zip",) if report and report.evidence else ()))


@dataclass(frozen=True, slots=True)
class ReportScope:
    """The scope of a report: the values of its filter, and filter and period in words."""

    chosen: Mapping[str, str]
    words: str


class ReportedInstances(Sequence[Any]):
    """Instances for expressions: a sequence that *load* reads page by page, without keeping them."""

    def __init__(self, ids: Sequence[str], load: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]) -> None:
        self.ids, self._load = ids, load
        self._page = lru_cache(2)(lambda page: load(ids[page * AT_ONCE : (page + 1) * AT_ONCE]))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return ReportedInstances(self.ids[place], self._load)
        at = range(len(self.ids))[place]
        return self._page(at // AT_ONCE)[at % AT_ONCE]


class Papers(UserDict[str, Any]):
    """The documents of an instance by data object, read at the first use."""

    def __init__(self, load: Callable[[], dict[str, Any]]) -> None:
        self._load = load

    @cached_property
    def data(self) -> dict[str, Any]:  # type: ignore[override]
        """The documents."""
        return self._load()


@dataclass(frozen=True)
class Reports:
    """Makes reports, for people who see every instance or may start one."""

    database: Database
    files: FileStore
    procedures: Procedures
    office: Office
    printing: Printing
    sheets: SopSheets
    office_name: str
    press: Press = PRESS

    def may_read(self, actor: Actor, procedure: Procedure) -> bool:
        """Whether the actor may make reports, which show instances of others."""
        return actor.reads_everything or may_start(actor, procedure)

    def offered(self, actor: Actor, process_id: str) -> tuple[Offered, ...]:
        """Return the reports of the version in force; none if the actor may not make them."""
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
            if not self.may_read(actor, procedure):
                return ()
            templates = reports(process_id, procedure.files)
            known: dict[str, set[str]] = {name: set() for each in templates for name in _narrowing(each)}
            some = False
            for _, values in instances.of_process(reader, process_id):
                some = True
                for name in known.keys() & values.keys():
                    known[name] |= {str(values[name])} if values[name] else set()
        found = []
        start = procedure.form_of(procedure.outline.start_event)
        words = {path: field.wording for path, field in start.every_field()}
        for template in templates:
            names = _narrowing(template)
            choices = {name: tuple(sorted(known[name], reverse=True)) for name in names}
            labels = {name: words.get(name, Wording(name)) for name in names}
            found.append(Offered(template, choices, labels, some and all(choices.values()), _unread(template)))
        return tuple(found)

    def make(
        self,
        actor: Actor,
        process_id: str,
        report_id: str,
        chosen: Mapping[str, str],
        kind: str,
        now: datetime,
        period: tuple[date | None, date | None] = (None, None),
    ) -> tuple[str, str, BinaryIO]:
        """Return name, media type and content of a report, as "pdf", "xlsx" or "zip" with its papers.

        A field not in *chosen* has the newest instance's value; "" means any value, if no expression reads the field.
        *period* is the first and last day of the instances' start. NotFound for an unknown report, kind or choice;
        NotPrinted names the failing part of the template.
        """
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
            if not self.may_read(actor, procedure):
                raise NotPermitted("start", roles=procedure.outline.starters)
            template = next((t for t in reports(process_id, procedure.files) if t.data_object_id == report_id), None)
            if template is None or template.report is None:
                raise NotFound(report_id)
            newest = next(instances.of_process(reader, process_id), ("", {}))[1]
            narrowed = {name: chosen.get(name, str(newest.get(name))) for name in template.report.narrowed_by}
            narrowed = {name: text for name, text in narrowed.items() if text or name not in _unread(template)}
            ids, terminated = self._ids(reader, process_id, narrowed, period)
            if not ids:
                raise NotFound(report_id)
            told = ReportedInstances(ids, lambda some: self._told(reader, some, now))
            start = {name: told[0]["mulai"].get(name) for name in narrowed}
            known = Names({**start, "pelaksanaan": told, "hari_ini": self.office.today(now)})
            computed = TemplateValues(template, known, self.office.functions(procedure, now), people.names(reader))
            days = [f"{word}-{day}" for word, day in zip(("dari", "sampai"), period, strict=True) if day]
            title = "-".join((report_id, *narrowed.values(), *days))
            scope = _scope(procedure, narrowed, period, len(terminated))
            content = self._content(computed, procedure, scope, kind, title, now)
        change: dict[str, Any] = {"report": report_id, "process": process_id, "kind": kind, "chosen": narrowed}
        change |= {word: day for word, day in zip(("since", "until"), period, strict=True) if day}
        many = {"count": len(ids), "instances_sha256": sha256_of(canonical(ids))}
        change |= {"instances": ids} if len(ids) <= MOST_NAMED else many
        record_export(self.database, actor, content, change, now)
        return f"{title}.{kind}", MEDIA_TYPES.get(f".{kind}", ZIP), content

    def _ids(
        self, reader: Transaction, process_id: str, narrowed: Mapping[str, str], period: tuple[date | None, date | None]
    ) -> tuple[list[str], list[str]]:
        """Return the instances of a report, oldest first, and the terminated ones, which it leaves out."""
        zone, ends = self.office.calendar().zone, zip(period, (0, 1), strict=True)
        since, until = (
            None if day is None else datetime.combine(day + timedelta(days=later), time(), zone) for day, later in ends
        )
        ids, terminated = (
            [
                id_
                for id_, values in instances.of_process(reader, process_id, since, until, over)
                if all(str(values.get(name)) == text for name, text in narrowed.items())
            ][::-1]
            for over in (False, True)
        )
        return ids, terminated

    def _content(
        self, computed: TemplateValues, procedure: Procedure, scope: ReportScope, kind: str, title: str, now: datetime
    ) -> BinaryIO:
        """Return a report as a temporary file, rewound."""
        file = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - whoever asked closes it
        try:
            template = computed.template
            if kind == "pdf" and template.typ:
                file.write(self.press.print(self._order(computed, procedure, scope, now)).content)
            elif kind == "xlsx" and template.sheets:
                cover = _cover(computed.names["pelaksanaan"].ids, scope, title)
                file.write(computed.workbook({"laporan": title}, cover))
            elif kind == "zip" and template.report and template.report.evidence:
                self._pack(file, computed, procedure, scope, title, now)
            else:
                raise NotFound(kind)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _order(self, computed: TemplateValues, procedure: Procedure, scope: ReportScope, now: datetime) -> Order:
        template, process_id = computed.template, procedure.outline.process_id
        told = computed.names["pelaksanaan"]
        title = template.report.title.id if template.report else template.data_object_id
        at = local(self.office, now)
        about = {"nama": title, "lingkup": scope.words, "nomor": None, "versi": None, "diterbitkan": at}
        values = json.loads(as_json(computed.values))
        whole = b"semua_pelaksanaan" in procedure.files.get(template.typ or "", b"")  # all instances in memory
        data = given(
            template,
            data=dict(scope.chosen),
            dokumen={**about, "sha256": sha256_of(canonical(values)), "kode": None, "tautan": None, "qr": None},
            instansi=identity(self.office, procedure, now),
            orang=people_of(self.office, computed.people, now),
            pelaksanaan={"judul": title, "nilai": dict(scope.chosen), "langkah": [], "sop": procedure.outline.name},
            semua_pelaksanaan=[{k: v for k, v in each.items() if k != "dokumen"} for each in (told if whole else ())],
            nilai=values,
        )
        files = drawers(process_id, procedure.files) | computed.charts()
        main = (template.typ or "").removeprefix(folder(process_id))
        return Order(main, files, data, timestamp=int(now.timestamp()))

    def _pack(
        self,
        file: BinaryIO,
        computed: TemplateValues,
        procedure: Procedure,
        scope: ReportScope,
        title: str,
        now: datetime,
    ) -> None:
        """Write the report and its documents into a ZIP with their SHA-256; missing ones are noted."""
        report = computed.template.report
        rows = computed.asked(str(report.evidence), "laporan.bukti") if report else []
        papers = [each for one in computed.names["pelaksanaan"] for each in one["dokumen"].values()]
        own = {each["id"]: (each["nama"], each["belum_ditandatangani"]) for each in papers}
        sums: dict[str, str] = {}
        notes: list[str] = []
        damaged: dict[str, str] = {}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:

            def put(place: str, content: bytes) -> None:
                pack.writestr(place, content)
                sums[place] = hashlib.sha256(content).hexdigest()

            for kind, there in (("pdf", computed.template.typ), ("xlsx", computed.template.sheets)):
                if there:
                    with self._content(computed, procedure, scope, kind, title, now) as part:
                        put(f"{title}.{kind}", part.read())
            for row in rows or ():
                folder_ = "/".join(UNSAFE.sub("-", name).strip(" .") for name in str(row.get("folder", "")).split("/"))
                if row.get("lembar_sop"):
                    sheet = self.sheets.pdf(procedure, PAPERS[0], self.office_name, plain=False)
                    put(f"{folder_}/lembar_sop-v{procedure.record.version}.pdf", sheet)
                    continue
                document_id = str(row.get("dokumen"))
                if document_id not in own:
                    raise computed.fault("laporan.bukti", f"dokumen {document_id!r} bukan dokumen pelaksanaannya")
                called, unsigned = own[document_id]
                try:
                    name, sha256 = self.printing.paper(document_id, now)
                except (NotPrinted, NotFound, Busy):
                    notes.append(f"{folder_}: {called}: belum dapat dicetak")
                    continue
                places = (
                    f"{folder_}/{name}",
                    f"{folder_}/{document_id[:8]}-{name}",
                )  # titles may be equal
                place = next((each for each in places if each not in sums), None)
                if place is None:
                    continue
                try:
                    with self.files.kept(sha256, name) as kept, pack.open(place, "w") as into:
                        shutil.copyfileobj(kept, into)
                except Damaged:
                    damaged[sha256] = name
                    notes.append(f"{folder_}: {called}: berkasnya hilang atau bukan lagi yang disimpan")
                    continue
                sums[place] = sha256
                notes += [f"{place}: belum ditandatangani"] if unsigned else []
            pack.writestr("SHA256SUMS.txt", "".join(f"{sha256}  {place}\n" for place, sha256 in sums.items()))
            if notes:
                pack.writestr("CATATAN.txt", "".join(f"{each}\n" for each in notes))
        if damaged:
            with self.database.write(SYSTEM, now) as work:
                for sha256, name in damaged.items():
                    note_damaged(work, sha256, name, now)

    def _told(self, reader: Transaction, ids: Sequence[str], now: datetime) -> list[dict[str, Any]]:
        """Return instances as values for expressions and templates of reports."""
        done = tasks.of_instances(reader, ids)
        found = []
        for record in instances.by_ids(reader, ids):
            procedure = self.procedures.of(reader, record.definition_id)
            steps = steps_of(done[record.id], procedure.outline, self.office, now)
            found.append(
                {
                    "judul": record.title,
                    "mulai": procedure.form_of(procedure.outline.start_event).decode(record.values),
                    "selesai": record.status in DONE,
                    "dimulai": local(self.office, record.started_at),
                    "berakhir": local(self.office, record.ended_at),
                    "langkah": steps,
                    "dikembalikan": sum(1 for step in steps if step["dikembalikan"]),
                    "dokumen": Papers(partial(_papers, self.office, reader, record, procedure)),
                }
            )
        return found


def _papers(office: Office, reader: Transaction, record: InstanceRecord, procedure: Procedure) -> dict[str, Any]:
    every, signed = documents.of_instance(reader, record.id), signatures.of_instance(reader, record.id)
    issued = RenderInput(record, procedure, tuple(v for v in every if v.issued_at), (), {})
    found = {}
    for id_, version in issued.newest.items():
        content, given = procedure.content_of(version), [s.filed for s in signed if s.document_id == version.id]
        found[id_] = {
            "id": version.id,
            "nama": version.name,
            "versi": version.version,
            "nomor": issued.number_in(id_, content),
            "sha256": version.sha256,
            "diterbitkan": local(office, version.issued_at),
            "belum_ditandatangani": not all(given) if given else asks_to_sign(procedure, id_),
            "isi": content,
        }
    return found


def _narrowing(template: Template) -> tuple[str, ...]:
    return template.report.narrowed_by if template.report else ()


def _unread(template: Template) -> frozenset[str]:
    """Return the fields of the filter that no expression reads, so that the report may cover any value."""
    read = frozenset(name for text in template.expressions for name in expression.compile(text).names)
    return frozenset(_narrowing(template)) - read


def _cover(ids: Sequence[str], scope: ReportScope, title: str) -> Sheet:
    """Return a workbook's cover sheet, with the ids whose SHA-256 is in the history line."""
    facts = [("Laporan", title), ("Lingkup", scope.words), ("Jumlah pelaksanaan", str(len(ids)))]
    facts += [("SHA-256 daftar id", sha256_of(canonical(ids))), *(("Id pelaksanaan", id_) for id_ in ids)]
    columns = [Column("hal", "Hal", width=24), Column("isi", "Isi", width=70)]
    return Sheet("Lingkup", columns, [dict(zip(("hal", "isi"), fact, strict=True)) for fact in facts])


def _scope(
    procedure: Procedure, chosen: Mapping[str, str], period: tuple[date | None, date | None], terminated: int
) -> ReportScope:
    """Return the scope of a report, with the number of terminated instances that it leaves out."""
    start = procedure.form_of(procedure.outline.start_event)
    labels = {path: field.wording.id for path, field in start.every_field()}
    said = [f"{labels.get(name, name)} {text}" for name, text in chosen.items()]
    said += [f"dimulai {word} {write_date(day)}" for word, day in zip(("dari", "sampai"), period, strict=True) if day]
    left_out = f" (tanpa {terminated} pelaksanaan yang dihentikan)" if terminated else ""
    return ReportScope(chosen, (", ".join(said) or "Semua pelaksanaan") + left_out)
