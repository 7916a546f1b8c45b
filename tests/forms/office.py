"""The office as forms meet it: the sample procedure's forms, its people, one plausible filling of every step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.bpmn import expression
from engine.bpmn.decisions import decide
from engine.bpmn.decisions import read as read_tables
from engine.bpmn.functions import names as names_of
from engine.forms.form import Form
from engine.forms.loading import load
from engine.forms.submission import Surroundings
from engine.model.work import Attachment
from engine.service.procedures.functions import load as load_functions
from tests import registers

FOLDER = Path(__file__).parents[2] / "forms" / "pengumpulan_data_kinerja"
PROCESS = Path(__file__).parents[2] / "processes" / "pengumpulan_data_kinerja"
TODAY = date(2025, 4, 15)
PEOPLE = {
    "kepala_dinas": {"kepala": "Kepala Dinas"},
    "sekretaris": {"sekretaris": "Sekretaris"},
    "tim_sakip": {"sakip.1": "Anggota SAKIP 1", "sakip.2": "Anggota SAKIP 2"},
    "pemegang_data": {"pemegang.1": "Pemegang Data 1", "pemegang.2": "Pemegang Data 2"},
}
STEPS = (
    "mulai",
    "perintahkan_pengumpulan_data",
    "siapkan_kertas_kerja",
    "susun_jadwal",
    "siapkan_data",
    "susun_analisis",
    "minta_persetujuan",
    "tandatangani_persetujuan",
)
Entries = Mapping[str, Sequence[str]]


def form(form_id: str) -> Form:
    return load(
        form_id,
        (FOLDER / f"{form_id}.schema.json").read_bytes(),
        (FOLDER / f"{form_id}.ui.json").read_bytes(),
        expression.compile,
    )


FORMS = {form_id: form(form_id) for form_id in STEPS}


def people(roles: tuple[str, ...]) -> dict[str, str]:
    return {id_: name for role in roles or PEOPLE for id_, name in PEOPLE.get(role, {}).items()}


def working_days_after(day: date, count: Any) -> date:
    for _ in range(int(count)):
        day += timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
    return day


SOURCE = (PROCESS / "functions.py").read_bytes()
OWN = load_functions(PROCESS / "functions.py", names_of(SOURCE))
TABLES = read_tables((PROCESS / "predikat_capaian.dmn").read_bytes()).tables
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "hari_kerja_sesudah": working_days_after,
    "register": registers.rows,
    "putusan": lambda table, inputs: decide(TABLES, OWN, table, inputs),
    "terdahulu": lambda document, started_with: [],
    **OWN,
}


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    return expression.compile(text).evaluate(names, FUNCTIONS)


def attachment(id_: str, name: str = "bukti.pdf", size: int = 1000) -> Attachment:
    return Attachment(id_, "0" * 64, name, "application/pdf", size, "pemegang.1", datetime.now(UTC), None, None)


@dataclass
class Desk:
    """Somebody at a desk with one form before them."""

    form: Form
    context: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Attachment] = field(default_factory=dict)
    locale: str = "id"
    gettext: Callable[[str], str] = str

    def surroundings(self) -> Surroundings:
        given = {"hari_ini": TODAY, "pelaku": "sakip.1", "butir": None, "jatuh_tempo": None, **self.context}
        return Surroundings(given, evaluate, people, self.files, self.locale, self.gettext)

    def prefilled(self, typed: Mapping[str, str | Sequence[str]] | None = None) -> dict[str, list[str]]:
        around = self.surroundings()
        found = self.form.prefill(around.context, evaluate)
        for path, texts in (typed or {}).items():
            found[path] = [texts] if isinstance(texts, str) else list(texts)
        return found

    def accept(self, entries: Entries) -> dict[str, Any]:
        return self.form.accept(entries, self.surroundings())

    def view(self, entries: Entries, problems: Sequence[Any] = ()) -> Any:
        return self.form.fields(entries, problems, self.surroundings())


TYPED: dict[str, dict[str, str | list[str]]] = {
    "mulai": {"tahun": "2025", "periode": "I"},
    "perintahkan_pengumpulan_data": {"disposisi.catatan": "Mohon tepat waktu."},
    "siapkan_kertas_kerja": {"undangan.penanda_tangan": "kepala"},
    "susun_jadwal": {
        "daftar_hadir.baris.0.nama": "Budi",
        "daftar_hadir.baris.0.nip": "19770415 199612 1 001",
        "daftar_hadir.baris.0.jabatan_unit": "Bidang Perizinan",
        "notula.hari_tanggal": "11/4/2025",
        "notula.waktu_penutupan": "1130",
        "notula.pimpinan": "sekretaris",
        "notula.pembahasan": "Dibahas pembagian penanggung jawab tiap indikator.",
        "surat_tugas.penanda_tangan": "kepala",
        **{f"surat_tugas.penugasan.{n}.pemegang_data": f"pemegang.{1 + n % 2}" for n in range(5)},
    },
    "siapkan_data": {
        "draft_laporan.baris.0.realisasi": "66,5",
        "draft_laporan.baris.0.kendala": "Data LKPM terlambat",
        "draft_laporan.baris.0.tindak_lanjut": "Pendampingan pelaku usaha",
        "draft_laporan.baris.0.bukti": ["", "berkas-1"],
        "draft_laporan.baris.1.pembilang": "402",
        "draft_laporan.baris.1.penyebut": "428",
        "draft_laporan.baris.1.realisasi": "93,93",
        "draft_laporan.baris.1.bukti": ["", "berkas-1"],
        "draft_laporan.baris.2.alasan_belum_tersedia": "Evaluasi belum selesai",
        "draft_laporan.pernyataan_kebenaran": "ya",
    },
    "susun_analisis": {
        "notula_analisis.waktu_rapat": "13.00",
        "notula_analisis.waktu_penutupan": "15.00",
        "notula_analisis.pimpinan": "sekretaris",
        "notula_analisis.pembahasan": "Data dari semua pemegang diperiksa dan dianalisis.",
        "notula_analisis.bab4_simpulan_saran": "Data lengkap; pencapaian dijaga pada triwulan berikutnya.",
        **{f"notula_analisis.analisis.{n}.status_verifikasi": "sesuai" for n in range(5)},
        "hasil_verifikasi": "lengkap",
    },
    "minta_persetujuan": {"hasil_pemeriksaan": "ajukan", "lembar_persetujuan.pernyataan_pemeriksaan": "ya"},
    "tandatangani_persetujuan": {
        "keputusan": "setuju",
        "tanda_tangan.mode": "wet",
    },
}
FILES = {"berkas-1": attachment("berkas-1")}


def desk(form_id: str, context: Mapping[str, Any] | None = None, **more: Any) -> Desk:
    item = {"butir": "pemegang.1"} if form_id == "siapkan_data" else {}
    return Desk(FORMS[form_id], {**item, **(context or {})}, FILES, **more)


def walk_to(form_id: str) -> dict[str, Any]:
    """Fill in every form before *form_id* and return what is known by then."""
    known: dict[str, Any] = {}
    for step in STEPS[: STEPS.index(form_id)]:
        at = desk(step, known)
        values = at.accept(at.prefilled(TYPED[step]))
        stored = FORMS[step].decode(FORMS[step].encode(values))
        if step == "siapkan_data":
            stored["draft_laporan"] = {"bagian": {"pemegang.1": stored["draft_laporan"]}}
        known |= stored if step == "mulai" else {k: v for k, v in stored.items() if k in FORMS[step].objects}
        known["dokumen"] = {id_: {"versi": 1, "sidik": "0" * 64} for id_ in known if isinstance(known[id_], dict)}
    return known
