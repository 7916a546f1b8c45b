"""The office in its sample year: every indicator, six data holders, four quarters, and what each hands in.

The sample indicators have one variant of the minimise formula and no range target, so that two more stand beside them:
both, like all figures here, are illustrations.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from engine.cli import CONSOLE
from tests import independent, registers
from tests.independent import Entry, Indicator
from tests.office import STAFF, WIB, OfficeAtWork

HOLDERS = tuple(f"pemegang.data.{n}" for n in range(1, 7))
PEOPLE = STAFF | dict.fromkeys(HOLDERS, "pemegang_data")
QUARTERS = ("I", "II", "III", "IV")
BEGINS = tuple(
    datetime(year, month, day, 9, tzinfo=WIB)
    for year, month, day in ((2025, 4, 11), (2025, 7, 11), (2025, 10, 13), (2026, 1, 12))
)
"""When each quarter's data are collected: after the tenth of the month that follows it."""
REALISED = """
IKU-01 74.2 91.75 88.1 104.6; IKU-02 - 87.64 - 88.92; IKU-03 402/428=93.93 455/476=95.59 448/462=96.97 470/484=97.11;
IKU-04 1968.8/428=4.6 2046.8/476=4.3 1801.8/462=3.9 1790.8/484=3.7; IKU-05 - - - 65.85; IKP-01 17 22 21 27;
IKP-02 76/146=52.05 81/148=54.73 84/150=56.00 90/151=59.60; IKP-03 655 588 602 571; IKP-04 428 476 462 484;
IKP-05 7/7=100 9/10=90 8/9=88.89 7/7=100; IKP-06 7 10 9 7; IKP-07 3/3=100 4/5=80 2/3=66.67 5/5=100;
IKP-08 96 121 109 124; IKK-01 0 72 81 0; IKK-02 18 27 25 31; IKK-03 0 1 0 1; IKS-01 12.4 36.9 64.2 92.7;
IKS-02 2 1 0 0; IKS-03 - - - -; IKS-04 16/20=80 18/20=90 19/20=95 20/20=100; IKK-04 4 6 5 5; IKK-05 6.5 9 7.5 8
"""
"""Realisation of each quarter, with numerator and denominator where there are; ``-`` is not yet available."""
SPENT = {
    "IKS-01": (424_080_000, 1_261_980_000, 2_195_640_000, 3_170_340_000),
    "IKP-08": (9_500_000, 30_400_000, 61_750_000, 88_350_000),
    "IKK-03": (0, 58_000_000, 58_000_000, 117_600_000),
    "IKU-03": (30_000_000, 98_000_000, 175_000_000, 249_999_999),
    "IKU-01": (20_000_000, 55_000_000, 90_000_000, 130_000_000),
    "IKP-02": (5_000_000, 17_000_000, 29_000_000, 41_000_000),
}
"""Budget spent up to each quarter's end, with one indicator of its programme or two; 2.18.06 reports none."""
MORE = {
    "indikator": [
        "IKK-04;Kegiatan;{aim};Jumlah permohonan yang dikembalikan sistem;Permohonan dikembalikan;Hitung;"
        "permohonan;bulat;0;minimal;B;;;akumulasi;25;2.18.06;Bidang contoh 6;Register;Rekap;Triwulan;",
        "IKK-05;Kegiatan;{aim};Lama pemulihan layanan informasi;Jam sampai layanan pulih;Rata-rata jam;"
        "jam;desimal;1;minimal;A;7;8;posisi_akhir;9;2.18.06;Bidang contoh 6;Register;Rekap;Triwulan;",
    ],
    "pk_sasaran": ["2025;2.9;IKK-04;{aim};permohonan;20;18", "2025;2.10;IKK-05;{aim};jam;8;7"],
    "rencana_aksi": [
        "2025;IKK-04;akumulasi;20;5;5;5;5;Memutakhirkan data;2.18.06;;Bidang contoh 6",
        "2025;IKK-05;posisi_akhir;8;;;;;Memutakhirkan data;2.18.06;;Bidang contoh 6",
    ],
}
AIM = "Meningkatnya kualitas pelayanan perizinan dan nonperizinan"


def sample(register_id: str) -> str:
    """The sample rows of a register with the two more."""
    text = (registers.FOLDER / "contoh" / f"{register_id}.csv").read_text()
    return text + "".join(f"{row.format(aim=AIM)}\n" for row in MORE.get(register_id, ()))


def rows(register_id: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sample(register_id)), delimiter=";"))


def number(text: str) -> Fraction | None:
    return Fraction(text.replace(".", "").replace(",", ".")) if text else None


def indicators() -> list[Indicator]:
    """Every indicator in the order of the agreement, from the sample registers' own text."""
    known = {row["kode"]: row for row in rows("indikator")}
    plans = {row["kode"]: row for row in rows("rencana_aksi")}
    agreed = sorted(rows("pk_sasaran"), key=lambda row: [int(part) for part in row["nomor"].split(".")])
    found = []
    for row in agreed:
        about, plan = known[row["kode"]], plans[row["kode"]]
        bounds = (number(about["batas_bawah"]), number(about["batas_atas"]))
        found.append(
            Indicator(
                code=row["kode"],
                name=about["indikator"],
                unit=row["satuan"],
                objective=row["sasaran"],
                programme=about["program_kode"],
                holder=about["pemegang_jabatan"],
                minimise=about["polaritas"] == "minimal",
                variant=about["varian_minimal"],
                method=plan["metode_agregasi"],
                percent=about["tipe_nilai"] == "persen",
                decimals=int(about["desimal"]),
                bounds=None if None in bounds else bounds,
                targets=tuple(number(plan[f"target_tw{n}"]) for n in range(1, 5)),
            )
        )
    return found


def realised() -> dict[str, tuple[Entry, ...]]:
    """What holders hand in of each indicator, quarter by quarter."""
    found = {}
    for line in REALISED.split(";"):
        code, *quarters = line.split()
        found[code] = tuple(_entry(text, code, place) for place, text in enumerate(quarters))
    return found


def _entry(text: str, code: str, place: int) -> Entry:
    spent = Fraction(SPENT[code][place]) if code in SPENT else None
    if text == "-":
        return Entry(spent=spent)
    ratio, _, value = text.rpartition("=")
    top, bottom = ratio.split("/") if ratio else (None, None)
    return Entry(Fraction(value), top and Fraction(top), bottom and Fraction(bottom), spent)


def written(value: Fraction | None) -> str:
    """A figure as an official types it: ``1.968,8``."""
    if value is None:
        return ""
    text = f"{float(value):,.2f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


@dataclass
class Year(OfficeAtWork):
    """The office in its sample year."""

    quarter: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.known = {each.code: each for each in indicators()}
        self.realised = realised()

    def fill_register(self, register_id: str) -> None:
        """Define a register and give it all its sample rows."""
        at = self.services.registers
        at.define(CONSOLE, register_id, registers.files(register_id), self.now)
        rows_ = sample(register_id).encode()
        done = at.take_in(CONSOLE, register_id, rows_, registers.SINCE, self.now, illustration=True)
        assert not done.faults, done.faults

    def open(self, staff: Mapping[str, str] = PEOPLE) -> "Year":
        super().open(staff)
        self.fill_register("identitas_kantor")
        return self

    def begin(self, quarter: int) -> str:
        """Start the collection of a quarter's data, in its own time."""
        self.quarter = quarter
        self.now = max(self.now, BEGINS[quarter - 1])
        return self.start(period=QUARTERS[quarter - 1])

    def filled(self, account: str, task_id: str, **more: str | Sequence[str]) -> dict[str, list[str]]:
        entries = super().filled(account, task_id, **more)
        page = self.services.tasks.open(self.actor(account), task_id, self.now)
        match page.item.step.element_id:
            case "susun_jadwal":  # who holds which data is what the register of staff proposes
                proposed = self.services.tasks.prefill(page)
                entries |= {path: list(t) for path, t in proposed.items() if path.endswith(".pemegang_data")}
            case "susun_analisis":
                for path in [path for path in entries if path.startswith("notula_analisis.analisis.")]:
                    row, name = path.rsplit(".", 1)
                    if name == "kode":
                        entries[f"{row}.hasil"] = ["Diperiksa bersama pemegang data."]
                        entries[f"{row}.status_verifikasi"] = ["sesuai"]
        return entries | {p.replace("__", "."): [t] if isinstance(t, str) else list(t) for p, t in more.items()}

    def figures(self, account: str, task_id: str, entries: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """What a holder types into each row of the quarter, with its evidence."""
        found: dict[str, list[str]] = {}
        proof = io.BytesIO(b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
        staged = self.services.documents.stage(self.actor(account), task_id, "bukti.pdf", proof, self.now)
        for path, texts in entries.items():
            if path.startswith("draft_laporan.baris.") and path.endswith(".kode"):
                row = self.row(texts[0])
                found |= {path.removesuffix("kode") + name: [text] for name, text in row.items()}
                if row["realisasi"]:
                    found[path.removesuffix("kode") + "bukti"] = ["", staged.id]
        return found

    def row(self, code: str) -> dict[str, str]:
        """What is typed into the row of an indicator."""
        entry, about = self.realised[code][self.quarter - 1], self.known[code]
        achieved = independent.of_quarter(about, self.quarter, entry).achieved
        missed, exceeded = achieved is not None and achieved <= 90, achieved is not None and achieved > 100
        return {
            "pembilang": written(entry.top),
            "penyebut": written(entry.bottom),
            "realisasi": written(entry.value),
            "alasan_belum_tersedia": "" if entry.value is not None else "Belum dirilis",
            "faktor_pendukung": "Pendampingan pelaku usaha" if exceeded else "",
            "kendala": "Data terlambat masuk" if missed else "",
            "tindak_lanjut": "Pengingat sehari sebelumnya" if missed else "",
            "realisasi_anggaran": written(entry.spent),
        }

    def cycle(self, quarter: int) -> str:
        """All of a quarter by the hands of its people; the instance's id."""
        instance = self.begin(quarter)
        self.until_data(instance)
        for holder in HOLDERS:
            self.do(holder, instance, "siapkan_data", holder)
        self.finish(instance)
        return instance

    def finish(self, instance: str, **more: Any) -> None:
        """From the analysis to the signed report."""
        self.do("tim.sakip", instance, "susun_analisis", **more)
        self.do("sekretaris", instance, "minta_persetujuan")
        self.do("kepala.dinas", instance, "tandatangani_persetujuan")


def table(year: Year, quarter: int) -> list[tuple[Any, ...]]:
    """What the report's table of indicators must say: code, the quarter's line, its rating, the year's line so far."""
    found = []
    for about in indicators():
        entries = year.realised[about.code][:quarter]
        own = independent.of_quarter(about, quarter, entries[-1])
        found.append((about, own, independent.rating(own), independent.so_far(about, entries)))
    return found


def objectives(year: Year, quarter: int) -> tuple[list[tuple[str, tuple[Any, int, int]]], tuple[Any, int, int]]:
    """The mean of each objective with how many counted and were left out, and the mean of these means."""
    groups: dict[str, list[Any]] = {}
    for about, own, _, _ in table(year, quarter):
        groups.setdefault(about.objective, []).append(own.achieved)
    means = [(objective, independent.mean(values)) for objective, values in groups.items()]
    return means, independent.mean(value for _, (value, _, _) in means)


def budgets(year: Year, quarter: int) -> list[tuple[str, tuple[Any, ...]]]:
    """Of each programme: spent, absorbed, achieved, efficiency, of the year so far."""
    entries = {code: quarters[quarter - 1] for code, quarters in year.realised.items()}
    achieved = {about.code: so_far.achieved for about, _, _, so_far in table(year, quarter)}
    found = []
    for row in rows("pk_program"):
        own = [about for about in indicators() if about.programme == row["kode"]]
        found.append((row["kode"], independent.budget(own, entries, achieved, Fraction(row["anggaran"]))))
    return found
