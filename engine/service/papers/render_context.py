"""Input of the press: a document's content with everything that its template may use, as of its issue.

A paper that is printed late, after an error was mended, looks as it would have at its issue: other documents have the
version of that time, and registers the rows of that day. Values are evaluated once for a version with all its parts.

By convention the letterhead comes from the first row of the register ``identitas_kantor``, or else from the header of
the SOP; details of a signer come from the row of ``pegawai`` with that account.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import segno

from engine.documents.typst_renderer import Order
from engine.forms.defaults import Names
from engine.forms.field import Field
from engine.model.errors import NotPrinted
from engine.model.people import Capacity, Membership
from engine.model.process import ProcessModel
from engine.model.renderings import SIGNED, shown_code
from engine.model.signatures import Signature
from engine.model.work import DocumentVersion, InstanceRecord, TaskRecord, TaskStatus
from engine.service.office.business_calendar import Office
from engine.service.papers.template_values import TemplateValues
from engine.service.procedures.document_templates import (
    Template,
    Unreadable,
    as_json,
    choices,
    drawers,
    fields_of,
    folder,
    given,
    template_of,
)
from engine.service.procedures.procedure import Procedure

IDENTITY, STAFF = "identitas_kantor", "pegawai"
HEADER = {  # of the SOP -> of the register
    "instansi": "nama",
    "alamat": "alamat",
    "kodePos": "kode_pos",
    "telepon": "telepon",
    "faksimile": "faksimile",
    "surel": "pos_el",
    "laman": "laman",
}


@dataclass(frozen=True, slots=True)
class RenderInput:
    """The facts read for a print."""

    record: InstanceRecord
    procedure: Procedure
    versions: tuple[DocumentVersion, ...]
    tasks: tuple[TaskRecord, ...]
    names: Mapping[str, str]  # of accounts
    signatures: tuple[Signature, ...] = ()
    memberships: tuple[Membership, ...] = ()  # of the lanes, definitive ones last

    def as_of(self, version: DocumentVersion) -> "RenderInput":
        """Return the state as of the issue of *version*."""
        then = version.issued_at or version.created_at
        kept = tuple(each for each in self.versions if each.created_at <= then or each.id == version.id)
        done = tuple(
            each if each.completed_at is None or each.completed_at <= then else replace(each, completed_at=None)
            for each in self.tasks
            if each.created_at <= then
        )
        return replace(self, versions=kept, tasks=done)

    @property
    def newest(self) -> dict[str, DocumentVersion]:
        """The newest version of each document, by data object; a void one if there is no other."""
        return {
            each.data_object_id: each for each in sorted(self.versions, key=lambda each: (not each.void, each.version))
        }

    def template(self, data_object_id: str) -> Template | None:
        """Return a document's template; NotPrinted if its JSON is invalid."""
        try:
            return template_of(self.procedure.outline.process_id, data_object_id, self.procedure.files)
        except Unreadable as error:
            raise NotPrinted(f"{data_object_id}.json", None, str(error).rstrip(".")) from None

    def fields(self, data_object_id: str) -> tuple[Field, ...]:
        """Return the fields of a document."""
        return fields_of(self.procedure.forms, data_object_id) or ()

    def number_in(self, data_object_id: str, content: Any) -> str | None:
        """Return the number that a document took from its series."""
        for each in self.fields(data_object_id):
            if each.number is not None and isinstance(content, Mapping) and content.get(each.name):
                return str(content[each.name])
        return None


@dataclass
class RenderContext:
    """One document, ready to be printed as a whole, in parts, as Word or as a workbook."""

    source: RenderInput
    template: Template
    data_object_id: str
    content: Any
    at: datetime
    office: Office
    version: DocumentVersion | None = None  # None: a draft being typed
    others: Mapping[str, Any] = field(default_factory=dict)  # of a draft: other documents in the same form
    _start: dict[str, Any] = field(init=False)
    _known: dict[str, Any] = field(init=False)  # documents by data object
    _computed: TemplateValues = field(init=False)

    def __post_init__(self) -> None:
        procedure, record = self.source.procedure, self.source.record
        self._start = procedure.form_of(procedure.outline.start_event).decode(record.values)
        self._known = {id_: procedure.content_of(each) for id_, each in self.source.newest.items()} | dict(self.others)
        own = {self.data_object_id: self.content, "hari_ini": self.office.today(self.at)}
        names = Names({**self._start, **self._known, **own})
        functions = self.office.functions(procedure, self.at, record.reference_date)
        self._computed = TemplateValues(self.template, names, functions, self.source.names)

    def parts(self) -> tuple[str, ...]:
        """Return the parts to print besides the whole."""
        found = [] if self.template.parts is None else self._computed.asked(self.template.parts, "bagian") or []
        return tuple(dict.fromkeys(str(each) for each in found))

    def number(self) -> str | None:
        """Return the number on the paper."""
        if self.template.number is not None:
            said = self._computed.asked(self.template.number, "nomor")
            return None if said is None else str(said)
        return self.source.number_in(self.data_object_id, self.content)

    def order(self) -> Order:
        """Return the print order of the whole document without a code; ``coded`` and ``in_word`` derive others."""
        template, source = self.template, self.source
        prefix = folder(source.procedure.outline.process_id)
        files = drawers(source.procedure.outline.process_id, source.procedure.files)
        files |= self._computed.charts()
        main = (template.typ or f"{prefix}{self.data_object_id}.typ").removeprefix(prefix)
        return Order(main, files, self.data(self.signatures(self.at)), timestamp=int(self.at.timestamp()))

    def data(self, signatures: list[dict[str, Any]]) -> bytes:
        """Return a template's data as JSON."""
        source, version = self.source, self.version
        return given(
            self.template,
            data=self.content,
            dokumen=self._about(),
            instansi=identity(self.office, source.procedure, self.at),
            orang=self._people(),
            peran=self._lanes,
            pelaksanaan=self._course(),
            dokumen_lain=self._others(),
            nilai=self._computed.values,
            pilihan=choices(source.fields(self.data_object_id)),
            draf=version is None or version.pending,
            cap="DRAF" if version is None else "BELUM DISETUJUI",
            tanda_tangan=signatures,
        )

    def signatures(self, until: datetime) -> list[dict[str, Any]]:
        """Return the signatures of this version up to an instant, in order."""
        own = self.version.id if self.version else None
        return [
            {
                "cara": each.mode.value,
                "akun": each.signer,
                "pada": local(self.office, each.signed_at),
                "atas_nama": each.on_behalf_of,
                "dasar": each.decree,
                "sha256": each.document_sha256,
            }
            for each in self.source.signatures
            if each.document_id == own and each.signed_at <= until
        ]

    def in_word(self, order: Order) -> Order:
        """Return the order of the Word file."""
        path = str(self.template.docx)
        name = path.removeprefix(folder(self.source.procedure.outline.process_id))
        return replace(order, template=name, files={name: self.source.procedure.files[path]}, format="docx")

    def workbook(self) -> bytes:
        """Return the sheets as a workbook, numbers as numbers."""
        version = self.version
        about = {} if version is None else {"dokumen": version.id, "versi": str(version.version)}
        return self._computed.workbook(about)

    # ── what a template is given ────────────────────────────────────────────────────────────────────────────────────

    @property
    def _lanes(self) -> dict[str, str]:
        return {lane.role: lane.name for lane in self.source.procedure.outline.lanes}

    def _people(self) -> dict[str, dict[str, Any]]:
        """Return everybody's details, with their titles in their lanes on the day of issue."""
        found, today = people_of(self.office, self.source.names, self.at), self.office.today(self.at)
        for each in self.source.memberships:
            if each.holds_on(today):
                titles = found.setdefault(each.person_id, {}).setdefault("peran", {})
                titles[each.role] = each.capacity.titled(self._lanes[each.role])
        return found

    def _about(self) -> dict[str, Any]:
        names = {each.id: each.name for each in self.source.procedure.outline.data_objects}
        return {
            "nama": names.get(self.data_object_id, self.data_object_id),
            "nomor": self.number(),
            "versi": self.version.version if self.version else self._next_version(),
            "sha256": self.version.sha256 if self.version else None,
            "diterbitkan": local(self.office, self.at),
            "oleh": self.version.created_by if self.version else None,
            "kode": None,
            "tautan": None,
            "qr": None,
        }

    def _next_version(self) -> int:
        before = self.source.newest.get(self.data_object_id)
        return 1 if before is None else before.version + 1

    def _others(self) -> dict[str, Any]:
        found = {}
        for id_, content in self._known.items():
            if id_ != self.data_object_id:
                about: dict[str, Any] = {"nama": id_, "versi": None, "sha256": None, "diterbitkan": None}
                if (at := self.source.newest.get(id_)) is not None:
                    issued = local(self.office, at.issued_at)
                    about = {"nama": at.name, "versi": at.version, "sha256": at.sha256, "diterbitkan": issued}
                    waits = at.approver is not None and (at.issued_at is None or at.issued_at > self.at)
                    about["menunggu"] = self._lanes[str(at.approver)] if waits else None
                found[id_] = {"isi": content, **about, "nomor": self.source.number_in(id_, content)}
        return found

    def _course(self) -> dict[str, Any]:
        """Return the instance as templates read it: its steps as planned and as done."""
        outline = self.source.procedure.outline
        steps = steps_of(self.source.tasks, outline, self.office, self.at)
        return {"judul": self.source.record.title, "nilai": self._start, "langkah": steps, "sop": outline.name}


def local(office: Office, at: datetime | None) -> str | None:
    """Return an instant as text in the office's time, for templates and expressions."""
    return None if at is None else at.astimezone(office.calendar().zone).strftime("%Y-%m-%dT%H:%M")


def identity(office: Office, procedure: Procedure, at: datetime) -> dict[str, Any]:
    """Return the office's details: the register's first row that day, else the header of the SOP."""
    found = office.registers.as_of(office.today(at))(IDENTITY)
    if found:
        return dict(found[0])
    header = procedure.outline.identity
    return {"nama": "", **{name: header[key] for key, name in HEADER.items() if header.get(key)}}


def people_of(office: Office, names: Mapping[str, str], at: datetime) -> dict[str, dict[str, Any]]:
    """Return everybody's details: the account's name, and the row of the office's register."""
    known: dict[str, dict[str, Any]] = {account: {"nama": name} for account, name in names.items()}
    for row in office.registers.as_of(office.today(at))(STAFF):
        account = str(row.get("akun"))
        about = {name: value for name, value in row.items() if name != "akun" and value is not None}
        known[account] = {**known.get(account, {}), **about}
    return known


def steps_of(tasks: Sequence[TaskRecord], outline: ProcessModel, office: Office, now: datetime) -> list[dict[str, Any]]:
    """Return the user tasks of an instance at *now* for templates, in the order of their opening."""
    calendar, returned = office.calendar(), [each for each in tasks if each.returned_at]
    steps: list[dict[str, Any]] = []
    for each in sorted(tasks, key=lambda task: (task.created_at, outline.task(task.element_id).number)):
        if each.status is TaskStatus.CANCELLED:
            continue
        step, lane = outline.task(each.element_id), outline.lane_of_role(each.role)
        whose = ((t.returned_by, t.returned_at, outline.task(t.element_id).number < step.number) for t in returned)
        back = (each.completed_by, each.completed_at, True) in whose
        spent = calendar.working_seconds(each.created_at, each.completed_at) if each.completed_at else None
        steps.append(
            {
                "nomor": step.number,
                "nama": step.name,
                "jalur": lane.name,
                "pelaksana": each.completed_by,
                "jabatan": Capacity(each.capacity or Capacity.DEFINITIVE).titled(lane.name),
                "butir": each.item,
                "waktu_baku": each.standard_time,
                "mulai": local(office, each.created_at),
                "jatuh_tempo": local(office, each.due_at),
                "selesai": local(office, each.completed_at),
                "menit_kerja": None if spent is None else spent // 60,
                "terlambat": each.late(now),
                "dikembalikan": each.returned_reason is not None,
                "alasan_kembali": each.returned_reason,
                "dikembalikan_oleh": each.returned_by,
                "mengembalikan": back,
                "keluaran": [] if back else [reference.name for reference in step.outputs],
            }
        )
    return steps


def coded(order: Order, code: str, public_url: str, part: str) -> Order:
    """Return an order for one rendering: with its code, a QR if there is a public address, and its part."""
    data = json.loads(order.data)
    link = f"{public_url}/v/{code}" if public_url else None
    data["dokumen"] |= {"kode": shown_code(code), "tautan": link, "qr": "/qr.svg" if link else None}
    data["bagian"] = None if part.startswith(SIGNED) else part or None
    files = dict(order.files)
    if link:
        kept = io.BytesIO()
        segno.make(link, error="m").save(kept, kind="svg", border=1, scale=4)
        files["qr.svg"] = kept.getvalue()
    return replace(order, files=files, data=as_json(data))
