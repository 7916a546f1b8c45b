"""Reports over many instances of a procedure: a year's recapitulation, how well times are kept, evidence for auditors.

A report is a template with ``laporan`` beside it (``templates``). It is made when somebody asks, from what stands at
that moment, and not kept: who needs it as a record files it in an instance. That it was made is recorded, as every
export is. Its expressions read ``pelaksanaan``, the instances that the reader narrowed down, oldest first, each with
its steps and the newest version of each of its documents; and whatever narrowed them, under its field's own name.

A report may name the papers that prove what it says; with them it is one ZIP, folder by folder.
"""

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, cast

from engine.documents.press import PRESS, Order, Press
from engine.forms.defaults import Names
from engine.forms.field import Wording
from engine.model.errors import Busy, NotFound, NotPermitted, NotPrinted
from engine.model.history import Action, Deed, canonical, sha256_of
from engine.model.people import Actor
from engine.model.process import DONE
from engine.model.work import DocumentStatus, InstanceRecord
from engine.service.documents import content_of
from engine.service.manuscripts import Ground, identity, local, people_of, steps_of
from engine.service.office import Office
from engine.service.printing import Printing
from engine.service.procedures import Procedure, Procedures
from engine.service.reckoning import Reckoning
from engine.service.sop_sheets import SopSheets
from engine.service.templates import PAPERS, Template, drawers, folder, plain, reports
from engine.service.uploads import MEDIA_TYPES
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import Transaction, documents, instances, people, tasks

MOST = 200
"""Instances that one report tells of: fifty years of quarters."""
LOOKED_AT = 5_000
"""Instances among which they are sought, those started last."""
ZIP = "application/zip"
UNSAFE = re.compile(r'[\x00-\x1f<>:"\\|?*]+')
IN_MEMORY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Offered:
    """A report that somebody may ask for, and the values that narrow it down, newest first."""

    template: Template
    choices: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, Wording]  # of what narrows it, as the start form says
    any: bool  # whether there is an instance to tell of

    @property
    def kinds(self) -> tuple[str, ...]:
        """The files that it becomes."""
        report = self.template.report
        return (
            *(kind for kind in self.template.formats if kind != "docx"),
            *(("zip",) if report and report.evidence else ()),
        )


@dataclass(frozen=True)
class Reports:
    """Makes reports, for those who see every instance and those who may start one."""

    database: Database
    files: FileStore
    procedures: Procedures
    office: Office
    printing: Printing
    sheets: SopSheets
    office_name: str
    press: Press = PRESS

    def may_read(self, actor: Actor, procedure: Procedure) -> bool:
        """Whether somebody is to see what holders see only their own part of."""
        return actor.reads_everything or bool(actor.roles & set(procedure.outline.starters))

    def offered(self, actor: Actor, process_id: str) -> tuple[Offered, ...]:
        """Return the reports of the version in force; none for those who may not read them."""
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
            if not self.may_read(actor, procedure):
                return ()
            every = instances.of_process(reader, process_id, LOOKED_AT)
        found = []
        start = procedure.form_of(procedure.outline.start_event)
        for template in reports(process_id, procedure.files):
            names = template.report.narrowed_by if template.report else ()
            known = {name: [str(record.values[name]) for record in every if record.values.get(name)] for name in names}
            choices = {name: tuple(sorted(set(texts), reverse=True)) for name, texts in known.items()}
            words = {path: field.wording for path, field in start.every_field()}
            labels = {name: words.get(name, Wording(name)) for name in names}
            found.append(Offered(template, choices, labels, bool(every) and all(choices.values())))
        return tuple(found)

    def make(
        self, actor: Actor, process_id: str, report_id: str, chosen: Mapping[str, str], kind: str, now: datetime
    ) -> tuple[str, str, BinaryIO]:
        """Return name, media type and bytes of a report, as "pdf", "xlsx" or "zip" with its papers.

        What is not chosen is as in the newest instance. NotFound for a report, a kind or a choice that there is not;
        NotPrinted names what in the template failed.
        """
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
            if not self.may_read(actor, procedure):
                raise NotPermitted("start", roles=procedure.outline.starters)
            template = next((t for t in reports(process_id, procedure.files) if t.data_object_id == report_id), None)
            if template is None or template.report is None:
                raise NotFound(report_id)
            every = instances.of_process(reader, process_id, LOOKED_AT)
            newest = every[0].values if every else {}
            narrowed = {name: chosen.get(name, str(newest.get(name))) for name in template.report.narrowed_by}
            records = [
                record
                for record in every
                if all(str(record.values.get(name)) == text for name, text in narrowed.items())
            ][::-1]
            if not records:
                raise NotFound(report_id)
            if len(records) > MOST:
                cause = f"ada {len(records)} pelaksanaan, lebih dari {MOST}; persempit pilihannya"
                raise NotPrinted(f"{report_id}.json", None, cause)
            names = people.names(reader)
            told = [self._told(reader, record, now) for record in records]
        start = {name: told[0]["mulai"].get(name) for name in narrowed}
        reckoned = Reckoning(
            template,
            Names({**start, "pelaksanaan": told, "hari_ini": self.office.today(now)}),
            self.office.functions(procedure, now),
            names,
        )
        title = "-".join((report_id, *narrowed.values()))
        content = self._content(reckoned, procedure, narrowed, kind, title, now)
        with self.database.write(actor, now) as work:
            change = {"report": report_id, "process": process_id, "kind": kind, "chosen": narrowed}
            work.record("office", Deed(Action.EXPORT_MADE, change=change | {"instances": [r.id for r in records]}))
        return f"{title}.{kind}", MEDIA_TYPES.get(f".{kind}", ZIP), content

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _content(
        self, reckoned: Reckoning, procedure: Procedure, chosen: Mapping[str, str], kind: str, title: str, now: datetime
    ) -> BinaryIO:
        """Return the bytes of a report in a file of their own, at its beginning."""
        file = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - whoever asked closes it
        try:
            template = reckoned.template
            if kind == "pdf" and template.typ:
                file.write(self.press.print(self._order(reckoned, procedure, chosen, now)).content)
            elif kind == "xlsx" and template.sheets:
                file.write(reckoned.workbook({"laporan": title}))
            elif kind == "zip" and template.report and template.report.evidence:
                self._pack(file, reckoned, procedure, chosen, title, now)
            else:
                raise NotFound(kind)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _order(self, reckoned: Reckoning, procedure: Procedure, chosen: Mapping[str, str], now: datetime) -> Order:
        template, process_id = reckoned.template, procedure.outline.process_id
        told = reckoned.names["pelaksanaan"]
        title = template.report.title.id if template.report else template.data_object_id
        about = {"nama": title, "nomor": None, "versi": None, "diterbitkan": local(self.office, now)}
        values = json.loads(json.dumps(reckoned.values, ensure_ascii=False, default=plain))
        data = {
            "data": dict(chosen),
            "dokumen": {**about, "sha256": sha256_of(canonical(values)), "kode": None, "tautan": None, "qr": None},
            "instansi": identity(self.office, procedure, now),
            "orang": people_of(self.office, reckoned.people, now),
            "pelaksanaan": {"judul": title, "nilai": dict(chosen), "langkah": [], "sop": procedure.outline.name},
            "dokumen_lain": {},
            "semua_pelaksanaan": [{name: each[name] for name in each if name != "dokumen"} for each in told],
            "nilai": values,
            "bagian": None,
            "pilihan": {},
            "kertas": template.paper,
            "arah": template.orientation,
            "draf": False,
            "tanda_tangan": [],
        }
        files = drawers(process_id, procedure.files) | reckoned.charts()
        main = (template.typ or "").removeprefix(folder(process_id))
        said = json.dumps(data, ensure_ascii=False, default=plain).encode()
        return Order(main, files, said, timestamp=int(now.timestamp()))

    def _pack(
        self,
        file: BinaryIO,
        reckoned: Reckoning,
        procedure: Procedure,
        chosen: Mapping[str, str],
        title: str,
        now: datetime,
    ) -> None:
        """Write the report and the papers that it names into a ZIP, each with its SHA-256 in a list of contents."""
        report = reckoned.template.report
        rows = reckoned.asked(str(report.evidence), "laporan.bukti") if report else []
        told = reckoned.names["pelaksanaan"]
        own = {each["id"]: each["nama"] for one in told for each in one["dokumen"].values()}
        sums: dict[str, str] = {}
        missing = []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:

            def put(place: str, content: bytes) -> None:
                pack.writestr(place, content)
                sums[place] = hashlib.sha256(content).hexdigest()

            for kind, there in (("pdf", reckoned.template.typ), ("xlsx", reckoned.template.sheets)):
                if there:
                    with self._content(reckoned, procedure, chosen, kind, title, now) as part:
                        put(f"{title}.{kind}", part.read())
            for row in rows or ():
                folder_ = "/".join(UNSAFE.sub("-", name).strip(" .") for name in str(row.get("folder", "")).split("/"))
                if row.get("lembar_sop"):
                    sheet = self.sheets.pdf(procedure, PAPERS[0], self.office_name, plain=False)
                    put(f"{folder_}/lembar_sop-v{procedure.record.version}.pdf", sheet)
                    continue
                document_id = str(row.get("dokumen"))
                if document_id not in own:
                    raise reckoned.fault("laporan.bukti", f"dokumen {document_id!r} bukan dokumen pelaksanaannya")
                try:
                    name, sha256 = self.printing.paper(document_id, now)
                except (NotPrinted, NotFound, Busy):
                    missing.append(f"{folder_}: {own[document_id]}")
                    continue
                place = f"{folder_}/{name}"
                if place in sums:  # two instances of one title
                    place = f"{folder_}/{document_id[:8]}-{name}"
                if place not in sums:
                    pack.write(self.files.path(sha256), place)
                    sums[place] = sha256
            pack.writestr("SHA256SUMS.txt", "".join(f"{sha256}  {place}\n" for place, sha256 in sums.items()))
            if missing:
                pack.writestr("TIDAK-ADA.txt", "".join(f"{each}: belum dapat dicetak\n" for each in missing))

    def _told(self, reader: Transaction, record: InstanceRecord, now: datetime) -> dict[str, Any]:
        """Return an instance as expressions and templates of reports read it."""
        procedure = self.procedures.of(reader, record.definition_id)
        done = tasks.of_instance(reader, record.id)
        every = documents.of_instance(reader, record.id)
        ground = Ground(record, procedure, every, done, {})
        steps = steps_of(done, procedure.outline, self.office, now)
        found = {}
        issued = replace(ground, versions=tuple(v for v in every if v.status is not DocumentStatus.DRAFT))
        for id_, version in issued.newest.items():
            content = content_of(version, procedure)
            found[id_] = {
                "id": version.id,
                "nama": version.name,
                "versi": version.version,
                "nomor": ground.number_in(id_, content),
                "sha256": version.sha256,
                "diterbitkan": local(self.office, version.issued_at),
                "isi": content,
            }
        return {
            "judul": record.title,
            "mulai": procedure.form_of(procedure.outline.start_event).decode(record.values),
            "selesai": record.status in DONE,
            "dimulai": local(self.office, record.started_at),
            "berakhir": local(self.office, record.ended_at),
            "langkah": steps,
            "dikembalikan": sum(1 for step in steps if step["dikembalikan"]),
            "dokumen": found,
        }
