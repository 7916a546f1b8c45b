"""The calculations of the office's collection of performance data; expressions, forms and documents call them.

Achievement, aggregation, budget absorption and efficiency as the office's domain research, section 3, states them: the
formulas of PermenPANRB 8/2021 and of practice, and what is decided where they are silent. Values are Decimal, rounded
half up: first the realisation to the indicator's decimals, then the achievement to two, so that an official who checks
a printed table with a calculator gets the printed figure. Empty stays empty and is never zero.

A *row* is a mapping. Of an indicator in one period it has: ``kode, indikator, sasaran, satuan, polaritas`` (maksimal,
minimal), ``varian`` (A, B; of minimal), ``metode_agregasi, tipe_nilai, desimal, target, target_bawah, target_atas,
realisasi, pembilang, penyebut``. What a row lacks reads as empty. Aggregated rows are the same row with the figures of
several quarters and ``terisi``, the number of quarters that count. Of an indicator whose value is a predicate (WTP, BB)
target and realisation are its place on the scale, which the decision table ``nilai_predikat`` gives; ratings, too, are
decision tables (``predikat_capaian.dmn``), so that the office changes them without touching this file.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from statistics import median
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]

HUNDRED = Decimal(100)
MOST = Decimal(120)
"""An achievement above this is shown as it is and marked: the target deserves a look."""
RATIOS = ("rasio_kumulatif", "rata_rata_tertimbang")
NEEDED = {
    "rasio_kumulatif": ("realisasi", "pembilang", "penyebut"),
    "rata_rata_tertimbang": ("realisasi", "penyebut"),
}
"""What a quarter must have to count; with the other methods a realisation is enough."""
TARGETS = ("target", "target_bawah", "target_atas")
QUARTERS = {"I": 1, "II": 2, "III": 3, "IV": 4}
TYPED = (
    "pembilang",
    "penyebut",
    "realisasi",
    "alasan_belum_tersedia",
    "faktor_pendukung",
    "kendala",
    "tindak_lanjut",
    "realisasi_anggaran",
    "alasan_anggaran",
    "bukti",
)
"""What a data holder types into a row."""
PERIKSA = "pernyataan_pemeriksaan"
RENCANA = ("metode_agregasi", "aksi", "program_kode", "anggaran", "penanggung_jawab")
"""What the action plan says of an indicator besides its targets."""
SHEET = "lembar_sop"
"""Stands for the sheet of the SOP itself among papers that prove something."""
STATUS = {"sesuai": "Sesuai", "perlu_perbaikan": "Perlu perbaikan"}


# ── achievement ─────────────────────────────────────────────────────────────────────────────────────────────────────


def capaian(
    target: Decimal | None,
    realisasi: Decimal | None,
    polaritas: str | None = "maksimal",
    varian: str | None = "A",
    bawah: Decimal | None = None,
    atas: Decimal | None = None,
) -> Decimal | None:
    """Return the achievement in percent, two decimals; None if there is no realisation or no target to hold it to.

    Maksimal: R / T. Minimal, variant A: (2T - R) / T, never below 0; variant B: T / R. A range target (PermenPANRB
    8/2021) takes its nearer bound; inside the range the target is met. With T = 0 maksimal has no achievement, and
    minimal is 100 for R = 0, else 0. Variant B with R = 0 is pegged to 100.
    """
    if realisasi is None:
        return None
    if bawah is not None and atas is not None:
        if bawah <= realisasi <= atas:
            return HUNDRED.quantize(Decimal("0.01"))
        target = atas if realisasi > atas else bawah
    if target is None:
        return None
    if polaritas != "minimal":
        return None if target == 0 else _round(realisasi / target * HUNDRED, 2)
    if target == 0:
        return _round(HUNDRED if realisasi == 0 else Decimal(0), 2)
    if varian == "B":
        return _round(HUNDRED if realisasi == 0 else target / realisasi * HUNDRED, 2)
    return _round(max(Decimal(0), (2 * target - realisasi) / target * HUNDRED), 2)


def capaian_baris(baris: Row) -> Decimal | None:
    """Return the achievement of one row of the worksheet."""
    return capaian(
        baris.get("target"),
        _round(baris.get("realisasi"), baris.get("desimal")),
        baris.get("polaritas"),
        baris.get("varian"),
        baris.get("target_bawah"),
        baris.get("target_atas"),
    )


def perlu_diperiksa(nilai: Decimal | None) -> bool:
    """Whether an achievement is so high that the target deserves a look."""
    return nilai is not None and nilai > MOST


def keterangan(baris: Row) -> str | None:
    """Return what a table says beside an achievement: why there is none, or that the target deserves a look."""
    if baris.get("realisasi") is None:
        return "Belum tersedia"
    found = capaian_baris(baris)
    if found is None:
        return tanpa_target(baris)
    return "Periksa target" if perlu_diperiksa(found) else None


def tanpa_target(baris: Row) -> str:
    """Return why a figure has no achievement: nothing was to be reached, or nothing can be divided by it."""
    return "Target nol" if baris.get("target") == 0 else "Tidak ada target"


def rasio_baris(baris: Row) -> Decimal | None:
    """Return what numerator and denominator give, at the indicator's decimals; None if it is no ratio."""
    top, bottom = baris.get("pembilang"), baris.get("penyebut")
    if top is None or not bottom or baris.get("metode_agregasi") not in RATIOS:
        return None
    return _ratio(top, bottom, baris)


# ── quarters ────────────────────────────────────────────────────────────────────────────────────────────────────────


def agregasi(baris: Rows) -> dict[str, Any]:
    """Return the quarters of one indicator, in their order, as one row: target, realisation and achievement so far.

    akumulasi: the sum of the filled quarters against the sum of the same quarters' targets. posisi_akhir: the last
    filled quarter against its target. rasio_kumulatif: sum of numerators / sum of denominators, never a mean of
    percentages. rata_rata_tertimbang: sum(n x value) / sum(n), n being the denominator. Quarters without what the
    method needs do not count; ``terisi`` says how many do. What is not a figure is that of the last quarter.
    """
    if not baris:
        return {"target": None, "realisasi": None, "capaian": None, "terisi": Decimal(0)}
    now = baris[-1]
    method = now.get("metode_agregasi")
    needed = NEEDED.get(str(method), ("realisasi",))
    counted = [row for row in baris if all(row.get(name) is not None for name in needed)]
    value = None
    goal: Row = counted[-1] if counted else now
    if method == "akumulasi":
        value = _sum(row["realisasi"] for row in counted) if counted else None
        goal = {name: _sum_of_known(row.get(name) for row in counted) for name in TARGETS}
    elif method in RATIOS and counted:
        weights = _sum(row["penyebut"] for row in counted)
        if method == "rasio_kumulatif":
            value = _ratio(_sum(row["pembilang"] for row in counted), weights, now) if weights else None
        elif weights:
            value = _sum(row["penyebut"] * row["realisasi"] for row in counted) / weights
    elif counted:
        value = goal.get("realisasi")
    whole = {**now, **{name: goal.get(name) for name in TARGETS}, "realisasi": _round(value, now.get("desimal"))}
    return {**whole, "capaian": capaian_baris(whole), "terisi": Decimal(len(counted))}


def setahun(baris: Rows, target: Decimal | None) -> dict[str, Any]:
    """Return the quarters of one indicator as one row of the year, held to the year's target."""
    whole = {**agregasi(baris), "target": target}
    return {**whole, "capaian": capaian_baris(whole)}


def sampai_dengan(baris: Rows, terdahulu: Rows, periode: str) -> list[dict[str, Any]]:
    """Return each row of a quarter's worksheet aggregated with the quarters before it.

    *terdahulu* are the documents of completed instances of the same year, as the language's ``terdahulu`` gives them.
    A year's own worksheet holds annual figures already and stays as it is.
    """
    if periode not in QUARTERS:
        return [{**row, "capaian": capaian_baris(row)} for row in baris]
    return [{**row, **agregasi(quarters)} for row, quarters in _with_quarters(baris, terdahulu, QUARTERS[periode])]


def rekap_tahunan(baris: Rows, terdahulu: Rows, periode: str, rencana: Rows) -> list[dict[str, Any]]:
    """Return the year of each indicator, as LKjIP BAB III asks: quarters (``tiap_triwulan``) and the year as a whole.

    *rencana* are the rows of the action plan, which hold the ``target_tahunan``. Of a year's own worksheet the figures
    are those of the holders; else the year is what its quarters come to so far.
    """
    goals = {row.get("kode"): row.get("target_tahunan") for row in rencana}
    by_quarter = tiap_triwulan(baris, terdahulu, periode)
    found = []
    for (row, quarters), shown in zip(
        _with_quarters(baris, terdahulu, QUARTERS.get(periode, 0)), by_quarter, strict=True
    ):
        year = (
            setahun(quarters, goals.get(row.get("kode"))) if periode in QUARTERS else setahun([row], row.get("target"))
        )
        figures = {name: year[name] for name in ("target", "realisasi", "capaian", "terisi")}
        found.append({**shown, **figures, "keterangan": keterangan(year)})
    return found


def _with_quarters(baris: Rows, terdahulu: Rows, number: int) -> list[tuple[Row, list[Row]]]:
    """Return each row with those of the same indicator in the quarters before *number*, in order, and itself."""
    before: dict[Any, dict[int, Row]] = {}
    for each in terdahulu:
        quarter = QUARTERS.get(each["mulai"].get("periode"), 0)
        if 0 < quarter < number:
            for row in baris_diserahkan(each["isi"]):
                before.setdefault(row.get("kode"), {})[quarter] = row
    return [(row, [*(earlier for _, earlier in sorted(before.get(row.get("kode"), {}).items())), row]) for row in baris]


def tiap_triwulan(baris: Rows, terdahulu: Rows, periode: str) -> list[dict[str, Any]]:
    """Return one row for each indicator with its quarters: ``target_tw1``, ``realisasi_tw1``, ``capaian_tw1`` ..."""
    quarters: dict[int, dict[Any, Row]] = {}
    for each in terdahulu:
        number = QUARTERS.get(each["mulai"].get("periode"), 0)
        quarters[number] = {row.get("kode"): row for row in baris_diserahkan(each["isi"])}
    if periode in QUARTERS:
        quarters[QUARTERS[periode]] = {row.get("kode"): row for row in baris}
    found = []
    for row in baris:
        whole: dict[str, Any] = {name: row.get(name) for name in ("kode", "indikator", "satuan", "sasaran", "desimal")}
        for number in QUARTERS.values():
            one = quarters.get(number, {}).get(row.get("kode"), {})
            whole |= {f"{name}_tw{number}": _padded(one.get(name), row) for name in ("target", "realisasi")}
            whole[f"capaian_tw{number}"] = capaian_baris(one)
        found.append(whole)
    return found


# ── summaries ───────────────────────────────────────────────────────────────────────────────────────────────────────


def rekap_sasaran(baris: Rows, batas: Decimal | None = None) -> list[dict[str, Any]]:
    """Return the mean achievement of each objective, and how many of its indicators counted or had to be left out.

    *batas* (100 or 120, where an office caps) limits what an indicator adds to the mean; without it nothing is cut.
    """
    groups: dict[Any, list[Decimal | None]] = {}
    for row in baris:
        groups.setdefault(row.get("sasaran"), []).append(_capped(row.get("capaian"), batas))
    return [{"sasaran": objective, **_mean(values)} for objective, values in groups.items()]


def rekap_dinas(baris: Rows, batas: Decimal | None = None) -> dict[str, Any]:
    """Return the mean of the objectives' achievements, and how many objectives counted or had to be left out.

    ``indikator_dikecualikan`` says how many indicators no mean counts.
    """
    objectives = rekap_sasaran(baris, batas)
    left_out = _sum(each["dikecualikan"] for each in objectives)
    return {**_mean([each["capaian"] for each in objectives]), "indikator_dikecualikan": left_out}


def serapan(realisasi: Decimal | None, pagu: Decimal | None) -> Decimal | None:
    """Return how much of a budget was spent, in percent, two decimals; None without a budget or a figure."""
    return None if realisasi is None or not pagu else _round(realisasi / pagu * HUNDRED, 2)


def efisiensi(nilai: Decimal | None, terserap: Decimal | None) -> Decimal | None:
    """Return achievement less absorption, in percentage points (a practice of Banjarnegara, no regulation)."""
    return None if nilai is None or terserap is None else nilai - terserap


def peringatan_anggaran(program: Rows | None, baris: Rows | None, kode: str | None) -> str | None:
    """Return a warning if the indicators of a programme, down to the row of *kode*, spent more than its budget."""
    rows = list(baris or ())
    place = next((n for n, row in enumerate(rows) if row.get("kode") == kode), None)
    if place is None or rows[place].get("realisasi_anggaran") is None:
        return None
    code = rows[place].get("program_kode")
    budget = _one(program or (), "kode", code).get("anggaran")
    spent = _sum(row.get("realisasi_anggaran") for row in rows[: place + 1] if row.get("program_kode") == code)
    if budget is None or spent <= budget:
        return None
    return f"Realisasi anggaran program {code} menjadi {_rupiah(spent)}, melebihi pagu {_rupiah(budget)}."


def peringatan_laporan(analisis: Rows | None) -> str | None:
    """Return every budget warning that the team saw, each with its indicator; None if there is none."""
    warned = [row for row in analisis or () if row.get("peringatan_anggaran")]
    return "\n".join(f"{row.get('kode')}: {row['peringatan_anggaran']}" for row in warned) or None


def rekap_anggaran(program: Rows, baris: Rows) -> list[dict[str, Any]]:
    """Return each programme with budget, expenditure, absorption, mean achievement and efficiency.

    A budget is the year's and what was spent of it is told up to the period's end (LRA), so that what is set against
    it is the achievement of the year so far (``capaian_sd``) where rows have one.
    """
    found = []
    for each in program:
        own = [row for row in baris if row.get("program_kode") == each.get("kode")]
        spent = [row["realisasi_anggaran"] for row in own if row.get("realisasi_anggaran") is not None]
        used = _sum(spent) if spent else None
        absorbed = serapan(used, each.get("anggaran"))
        mean = _mean([row.get("capaian_sd", row.get("capaian")) for row in own])["capaian"]
        found.append(
            {
                **{name: each.get(name) for name in ("kode", "program", "anggaran")},
                "realisasi": used,
                "serapan": absorbed,
                "capaian": mean,
                "efisiensi": efisiensi(mean, absorbed),
            }
        )
    return found


# ── the report's tables and charts ──────────────────────────────────────────────────────────────────────────────────


def tabel_laporan(baris: Rows, terdahulu: Rows, periode: str, analisis: Rows | None) -> list[dict[str, Any]]:
    """Return the report's rows: the period's own figures, what the team said of them, and the year so far (``_sd``).

    ``periksa`` and ``periksa_sd`` mark an achievement so high that the target deserves a look.
    """
    said = _by_code(analisis or ())
    found = []
    for own, so_far in zip(baris, sampai_dengan(baris, terdahulu, periode), strict=True):
        row = {**own, "capaian": capaian_baris(own)}
        row |= {f"{name}_sd": so_far.get(name) for name in (*TARGETS, "realisasi", "capaian", "terisi")}
        row |= {f"periksa{of}": perlu_diperiksa(row[f"capaian{of}"]) for of in ("", "_sd")}
        row["realisasi"] = _round(own.get("realisasi"), own.get("desimal"))
        found.append(row | {name: said.get(own.get("kode"), {}).get(name) for name in ("hasil", "peringatan_anggaran")})
    return found


def dengan_predikat(baris: Rows, predikat: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows each with its rating, which the decision table gives for the very achievement that stands in it."""
    return [
        {
            **row,
            "predikat": tanpa_target(row)
            if row.get("capaian") is None and row.get("realisasi") is not None
            else rating,
        }
        for row, rating in zip(baris, predikat, strict=True)
    ]


def banding_laporan(baris: Rows, tahun_lalu: Rows, sasaran: Rows | None) -> list[dict[str, Any]]:
    """Return each row beside the same period of last year and the target at the end of the Renstra.

    *tahun_lalu* are documents as ``terdahulu`` gives them; progress is the achievement of the year so far held to the
    final target: a quarter's own increment would say nothing of it. Of a sum that is to stay low there is none before
    the year is over: a part of the year is below any year's target.
    """
    before = _by_code([row for each in tahun_lalu for row in baris_diserahkan(each["isi"])])
    goals = _by_code(sasaran or ())
    found = []
    for row in baris:
        value, earlier = row.get("realisasi"), before.get(row.get("kode"), {}).get("realisasi")
        goal = goals.get(row.get("kode"), {}).get("target_akhir_renstra")
        so_far, quarters = row.get("realisasi_sd", value), row.get("terisi_sd")
        low = row.get("polaritas") == "minimal" and row.get("metode_agregasi") == "akumulasi"
        early = low and quarters is not None and quarters < len(QUARTERS)
        earlier = _padded(earlier, row)
        found.append(
            {
                **{name: row.get(name) for name in ("kode", "indikator", "satuan", "realisasi")},
                "realisasi_lalu": earlier,
                "perubahan": None if value is None or earlier is None else value - earlier,
                "target_akhir_renstra": goal,
                "kemajuan": None if early else capaian(goal, so_far, row.get("polaritas"), row.get("varian")),
            }
        )
    return found


def grafik_capaian(baris: Rows, nama: str) -> list[dict[str, Any]]:
    """Return bars of achievements beside 100, labelled by the column *nama* and the row's code.

    What has no target, or one of zero that is to be exceeded, has no bar of a target either, and says so.
    """
    found = []
    for row in baris:
        unset = "target" in row and row.get("target_bawah") is None and not row["target"]
        aimless = row.get("capaian") is None and (row.get("realisasi") is not None or unset)
        label = " ".join(str(each) for each in (row.get("kode"), row.get(nama)) if each)
        bar = {"label": label, "target": None if aimless else HUNDRED, "realisasi": row.get("capaian")}
        found.append(bar | ({"kosong": tanpa_target(row).lower()} if aimless else {}))
    return found


def grafik_triwulan(baris: Rows) -> list[dict[str, Any]]:
    """Return a line for each objective: the mean achievement of its indicators in each quarter."""
    groups: dict[Any, list[Row]] = {}
    for row in baris:
        groups.setdefault(row.get("sasaran"), []).append(row)
    return [
        {
            "label": objective,
            "titik": [
                {
                    "label": f"TW {name}",
                    "nilai": _mean([row.get(f"capaian_tw{number}") for row in rows])["capaian"],
                }
                for name, number in QUARTERS.items()
            ],
        }
        for objective, rows in groups.items()
    ]


# ── reports over a year's instances ─────────────────────────────────────────────────────────────────────────────────


def siklus_terakhir(pelaksanaan: Rows) -> dict[str, Any]:
    """Return what the year's report builds on: the last completed quarter's rows, and the documents of all of them.

    ``baris`` as the report of that quarter has them, ``tahun_ini`` as ``terdahulu`` gives documents, ``sasaran``,
    ``program`` and ``rencana`` of the agreement and the plan that this quarter was held to.
    """
    done = [each for each in pelaksanaan if each["selesai"] and each["mulai"].get("periode") in QUARTERS]
    if not done:
        return {
            "periode": None,
            "baris": [],
            "tahun_ini": [],
            "sasaran": [],
            "program": [],
            "rencana": [],
            "tanggal": None,
        }
    last = max(done, key=lambda each: QUARTERS[each["mulai"]["periode"]])
    held, said = _isi(last, "kertas_kerja"), _isi(last, "notula_analisis")
    agreement, plan = _isi(last, "perjanjian_kinerja"), _isi(last, "rencana_aksi")
    handed_in = [{"mulai": each["mulai"], "isi": _isi(each, "draft_laporan")} for each in done]
    rows = baris_laporan(held.get("baris"), _isi(last, "draft_laporan"))
    return {
        "periode": last["mulai"]["periode"],
        "baris": tabel_laporan(rows, handed_in, last["mulai"]["periode"], said.get("analisis")),
        "tahun_ini": handed_in,
        "sasaran": agreement.get("sasaran") or [],
        "program": agreement.get("program") or [],
        "rencana": plan.get("baris") or [],
    }


def tabel_tahunan(siklus: Row, tahun_lalu: Rows, rencana_lalu: Rows) -> list[dict[str, Any]]:
    """Return the year of each indicator beside last year's, and what its holders said in the last quarter.

    *tahun_lalu* and *rencana_lalu* are last year's data and action plans, as ``terdahulu`` gives documents. A year's
    own worksheet, where there was one, is the last word on that year.
    """
    rows = rekap_tahunan(siklus["baris"], siklus["tahun_ini"], siklus["periode"] or "", siklus["rencana"])
    before: dict[Any, Row] = {}
    if tahun_lalu:
        last = max(tahun_lalu, key=lambda each: QUARTERS.get(each["mulai"].get("periode"), 9))
        plans = [row for each in rencana_lalu for row in each["isi"].get("baris") or ()]
        said = baris_diserahkan(last["isi"])
        before = _by_code(rekap_tahunan(said, tahun_lalu, last["mulai"].get("periode") or "", plans))
    told = _by_code(siklus["baris"])
    names = ("sasaran", "program_kode", "polaritas", "varian", "faktor_pendukung", "kendala", "tindak_lanjut", "hasil")
    return [
        {
            **row,
            **{name: told.get(row.get("kode"), {}).get(name) for name in names},
            "realisasi_lalu": before.get(row.get("kode"), {}).get("realisasi"),
            "capaian_lalu": before.get(row.get("kode"), {}).get("capaian"),
        }
        for row in rows
    ]


def anggaran_tahunan(siklus: Row, tahunan: Rows) -> list[dict[str, Any]]:
    """Return the programmes with what was spent of them, beside the year's achievement.

    A quarter tells what was spent since the year began (LRA): what counts is the latest word on each indicator.
    """
    spent: dict[Any, Decimal] = {}
    for each in sorted(siklus["tahun_ini"], key=lambda each: QUARTERS[each["mulai"]["periode"]]):
        for row in baris_diserahkan(each["isi"]):
            if row.get("realisasi_anggaran") is not None:
                spent[row.get("kode")] = row["realisasi_anggaran"]
    rows = [{**row, "realisasi_anggaran": spent.get(row.get("kode"))} for row in tahunan]
    return rekap_anggaran(siklus["program"], rows)


def bukti_lke(kriteria: Rows, pelaksanaan: Rows) -> list[dict[str, Any]]:
    """Return each criterion of an evaluation with the papers of the instances that prove it, in their order.

    ``dokumen`` of a criterion names documents of the SOP, separated by semicolons, or its sheet (``lembar_sop``);
    ``hasil`` are those there are, ``lembar`` says whether the sheet is one of them.
    """
    found = _papers(kriteria, pelaksanaan)
    return [
        {**one, "lembar": SHEET in _named_papers(one), "hasil": [paper for paper, _ in papers]}
        for one, papers in zip(kriteria, found, strict=True)
    ]


def berkas_lke(kriteria: Rows, pelaksanaan: Rows) -> list[dict[str, Any]]:
    """Return the papers of ``bukti_lke`` as they are put into folders, one for each criterion and instance."""
    sheets = [{SHEET: True, "folder": str(one.get("nomor"))} for one in kriteria if SHEET in _named_papers(one)]
    return sheets + [
        {"dokumen": paper["id"], "folder": f"{one.get('nomor')}/{title}"}
        for one, papers in zip(kriteria, _papers(kriteria, pelaksanaan), strict=True)
        for paper, title in papers
    ]


def _named_papers(criterion: Row) -> list[str]:
    return [name.strip() for name in str(criterion.get("dokumen") or "").split(";") if name.strip()]


def _papers(criteria: Rows, instances: Rows) -> list[list[tuple[Row, str]]]:
    """Return for each criterion its papers and the titles of their instances; each instance is read once."""
    found: list[list[tuple[Row, str]]] = [[] for _ in criteria]
    for each in instances:
        for one, papers in zip(criteria, found, strict=True):
            for name in _named_papers(one):
                if name in each["dokumen"]:
                    paper = {**each["dokumen"][name], "isi": None, "pelaksanaan": each["judul"]}
                    papers.append((paper, each["judul"]))
    return found


def ketepatan_langkah(pelaksanaan: Rows) -> list[dict[str, Any]]:
    """Return for each step how often it was done, how often in time (percent), and its median in working minutes."""
    groups: dict[tuple[Any, Any], list[Row]] = {}
    for each in pelaksanaan:
        for step in each["langkah"]:
            groups.setdefault((step["nomor"], step["nama"]), []).append(step)
    return [
        {"nomor": Decimal(number), "langkah": name, "waktu_baku": steps[0]["waktu_baku"], **_punctual(steps)}
        for (number, name), steps in sorted(groups.items(), key=lambda group: group[0][0])
    ]


def ketepatan_pemegang(pelaksanaan: Rows) -> list[dict[str, Any]]:
    """Return for each data holder how often they handed in, in time or not, and how often it came back."""
    groups: dict[Any, list[Row]] = {}
    for each in pelaksanaan:
        for step in each["langkah"]:
            if step["butir"]:
                groups.setdefault(step["butir"], []).append(step)
    return [{"pemegang": holder, **_punctual(steps)} for holder, steps in sorted(groups.items())]


def pengembalian(pelaksanaan: Rows) -> list[dict[str, Any]]:
    """Return each instance with how often work was sent back in it, and when it began and ended."""
    return [
        {
            **{name: each[name] for name in ("judul", "dimulai", "berakhir")},
            "langkah": Decimal(sum(1 for step in each["langkah"] if step["selesai"])),
            "dikembalikan": Decimal(each["dikembalikan"]),
            "terlambat": Decimal(sum(1 for step in each["langkah"] if step["terlambat"])),
        }
        for each in pelaksanaan
    ]


def _punctual(steps: Rows) -> dict[str, Any]:
    """Return how well times were kept; a task that is open and overdue is late as one that was completed late."""
    done = [step for step in steps if step["selesai"]]
    overdue = sum(1 for step in steps if step["terlambat"] and not step["selesai"])
    judged, late = len(done) + overdue, sum(1 for step in steps if step["terlambat"])
    spent = [Decimal(step["menit_kerja"]) for step in done if step["menit_kerja"] is not None]
    return {
        "kali": Decimal(len(done)),
        "terbuka_terlambat": Decimal(overdue),
        "tepat_waktu": _round(Decimal(judged - late) / judged * HUNDRED, 2) if judged else None,
        "median_menit": median(spent) if spent else None,
        "dikembalikan": Decimal(sum(1 for step in steps if step["dikembalikan"])),
    }


def _isi(instance: Row, name: str) -> Row:
    content: Row = instance["dokumen"].get(name, {}).get("isi") or {}
    return content


# ── what the forms begin with ───────────────────────────────────────────────────────────────────────────────────────


def nama_periode(periode: str | None, tahun: Any) -> str:
    """Return how a period is called: ``Triwulan I Tahun 2025``, ``Tahun 2025``."""
    year = "" if tahun is None else str(int(tahun))
    return f"Tahun {year}" if periode in (None, "tahunan") else f"Triwulan {periode} Tahun {year}"


def pola_nomor(kode_surat: Rows, jenis: str) -> str:
    """Return the pattern of a letter's number from the register of letter codes.

    ``{urut}`` and ``{tahun}`` are left for the ordinal and the year of the letter's date. Without a row for the kind of
    letter it is these two: nothing is invented.
    """
    row = _one(kode_surat, "jenis", jenis)
    pattern = str(row.get("pola") or "{urut}/{tahun}")
    for name in ("kode", "unit"):
        pattern = pattern.replace("{" + name + "}", str(row.get(name) or ""))
    return pattern


def kode_klasifikasi(kode_surat: Rows, jenis: str) -> str | None:
    """Return the classification code of a kind of letter, if the register has one."""
    return _one(kode_surat, "jenis", jenis).get("kode")


def perjanjian_kinerja_tahun(
    perjanjian: Rows, sasaran: Rows, program: Rows, indikator: Rows, tahun: Any
) -> dict[str, Any]:
    """Return the performance agreement of a year as a document: the amended one if there is one, else the original.

    Without one that was adopted ``ditetapkan`` is false, and the first step cannot be completed.
    """
    adopted = [row for row in perjanjian if row.get("tahun") == tahun and row.get("status") == "ditetapkan"]
    targets = sorted((row for row in sasaran if row.get("tahun") == tahun), key=lambda row: _order(row.get("nomor")))
    if not adopted or not targets:
        return {"ditetapkan": False}
    chosen = max(adopted, key=lambda row: row.get("jenis") == "perubahan")
    known = _by_code(indikator)
    programmes = [row for row in program if row.get("tahun") == tahun]
    return {
        "ditetapkan": True,
        "nomor": chosen.get("nomor"),
        "jenis": "Perubahan" if chosen.get("jenis") == "perubahan" else "Murni",
        "tanggal": chosen.get("tanggal"),
        "pihak_pertama": _named(chosen, "pihak_pertama"),
        "pihak_kedua": _named(chosen, "pihak_kedua"),
        "sasaran": [
            {
                "no": row.get("nomor"),
                "kode": row.get("kode"),
                "sasaran": row.get("sasaran") or known.get(row.get("kode"), {}).get("sasaran"),
                "indikator": known.get(row.get("kode"), {}).get("indikator"),
                "satuan": row.get("satuan") or known.get(row.get("kode"), {}).get("satuan"),
                **{
                    name: _padded(row.get(name), known.get(row.get("kode"), {}))
                    for name in ("target", "target_akhir_renstra")
                },
            }
            for row in targets
        ],
        "program": [
            {name: row.get(name) for name in ("kode", "program", "anggaran", "keterangan")} for row in programmes
        ],
        "total_anggaran": _sum(row.get("anggaran") for row in programmes),
    }


def rencana_aksi_tahun(rencana: Rows, indikator: Rows, tahun: Any) -> dict[str, Any]:
    """Return the action plan of a year as a document; ``ditetapkan`` is false if there is none."""
    known = _by_code(indikator)
    names = ("target_tahunan", *(f"target_tw{n}" for n in QUARTERS.values()))
    rows = [
        {
            "kode": row.get("kode"),
            "indikator": known.get(row.get("kode"), {}).get("indikator"),
            "satuan": known.get(row.get("kode"), {}).get("satuan"),
            "sasaran": known.get(row.get("kode"), {}).get("sasaran"),
            **{name: _padded(row.get(name), known.get(row.get("kode"), {})) for name in names},
            **{name: row.get(name) for name in RENCANA},
        }
        for row in rencana
        if row.get("tahun") == tahun
    ]
    return {"ditetapkan": bool(rows), "baris": rows}


def baris_kertas_kerja(
    indikator: Rows, rencana: Rows | None, sasaran: Rows | None, periode: str
) -> list[dict[str, Any]]:
    """Return the worksheet of a period: a row for each indicator of the agreement, in its order.

    Target convention: for akumulasi a quarter's target is its own increment, for the others it is the target up to
    that quarter. A year's worksheet has the annual target.
    """
    known, plans, quarter = _by_code(indikator), _by_code(rencana or ()), QUARTERS.get(periode)
    copied = (
        "sumber_data",
        "definisi_operasional",
        "formula",
        "bukti_dukung_min",
        "polaritas",
        "tipe_nilai",
        "desimal",
        "boleh_negatif",
    )
    rows = []
    for agreed in sasaran or ():
        about, plan = known.get(agreed.get("kode"), {}), plans.get(agreed.get("kode"), {})
        rows.append(
            {
                "kode": agreed.get("kode"),
                "indikator": agreed.get("indikator") or about.get("indikator"),
                "satuan": agreed.get("satuan") or about.get("satuan"),
                "target": _padded(plan.get(f"target_tw{quarter}") if quarter else agreed.get("target"), about),
                "sasaran": agreed.get("sasaran"),
                "metode_agregasi": plan.get("metode_agregasi") or about.get("metode_agregasi"),
                "varian": about.get("varian_minimal"),
                "target_bawah": _padded(about.get("batas_bawah"), about),
                "target_atas": _padded(about.get("batas_atas"), about),
                **{name: about.get(name) for name in (*copied, "program_kode", "pemegang_jabatan")},
            }
        )
    return rows


def usul_penugasan(baris: Rows | None, pegawai: Rows) -> list[dict[str, Any]]:
    """Return who might hold which indicator: the one person of the unit that the register of indicators names."""
    of_unit: dict[Any, list[Any]] = {}
    for person in pegawai:
        of_unit.setdefault(person.get("unit"), []).append(person.get("akun"))
    found = []
    for row in baris or ():
        accounts = of_unit.get(row.get("pemegang_jabatan"), [])
        shown = {name: row.get(name) for name in ("kode", "indikator", "satuan", "target", "sumber_data")}
        found.append({**shown, "pemegang_data": accounts[0] if len(accounts) == 1 else None})
    return found


def baris_pemegang(
    baris: Rows | None, penugasan: Rows | None, pemegang: str | None, draft: Row | None, notula: Row | None
) -> list[dict[str, Any]]:
    """Return the rows of one data holder: the worksheet's, what they handed in before, and what was said of it.

    A row that the team accepted while it sent back others of the same holder is locked (``terkunci``): the report
    prints what was accepted. Where none of theirs was sent back it is the head who did, and all are open again.
    """
    own = {row.get("kode") for row in penugasan or () if row.get("pemegang_data") == pemegang}
    part = ((draft or {}).get("bagian") or {}).get(pemegang) or {}
    before, verified = _by_code(part.get("baris") or ()), _by_code((notula or {}).get("analisis") or ())
    said = {code: verified.get(code, {}).get("status_verifikasi") for code in own}
    by_team = "perlu_perbaikan" in said.values()
    return [
        {
            **row,
            **{name: before.get(row.get("kode"), {}).get(name) for name in TYPED},
            "status_verifikasi": STATUS.get(str(verified.get(row.get("kode"), {}).get("status_verifikasi"))),
            "catatan_verifikasi": verified.get(row.get("kode"), {}).get("catatan"),
            "terkunci": by_team and said.get(row.get("kode")) == "sesuai",
        }
        for row in baris or ()
        if row.get("kode") in own
    ]


def baris_diserahkan(draft: Row | None) -> list[dict[str, Any]]:
    """Return every row that data holders handed in, each with who did."""
    parts = (draft or {}).get("bagian") or {}
    return [{**row, "pemegang_data": holder} for holder, part in parts.items() for row in part.get("baris") or ()]


def baris_laporan(baris: Rows | None, draft: Row | None) -> list[dict[str, Any]]:
    """Return the worksheet's rows in its order, with what was handed in."""
    given = _by_code(baris_diserahkan(draft))
    return [{**row, **given.get(row.get("kode"), {})} for row in baris or ()]


def baris_analisis(
    baris: Rows | None,
    penugasan: Rows | None,
    draft: Row | None,
    notula: Row | None,
    program: Rows | None = None,
) -> list[dict[str, Any]]:
    """Return what the team verifies, in the worksheet's order: the figures as they were handed in last.

    ``peringatan_anggaran`` says where all holders together spent more than a programme of *program* has, and why.
    A verdict of the pass before stays on a row of which nothing that its holder types has changed since (``sidik``).
    Any other row that had one is to be looked at again, and ``perubahan`` says what changed.
    """
    given, said = _by_code(baris_diserahkan(draft)), _by_code((notula or {}).get("analisis") or ())
    holders = {row.get("kode"): row.get("pemegang_data") for row in penugasan or ()}
    spent = baris_laporan(baris, draft)
    rows = []
    for row in baris or ():
        code = row.get("kode")
        warned = peringatan_anggaran(program, spent, code), given.get(code, {}).get("alasan_anggaran")
        handed, before = given.get(code, {}), said.get(code, {})
        mark, verdict = sidik_baris(handed), before.get("status_verifikasi")
        stays = verdict == "sesuai" and before.get("sidik") == mark
        shown = ("realisasi", "capaian", "alasan_belum_tersedia", "kendala", "tindak_lanjut")
        rows.append(
            {
                **{name: row.get(name) for name in ("kode", "indikator", "satuan", "target")},
                **{name: handed.get(name) for name in shown},
                "pemegang_data": holders.get(code),
                "peringatan_anggaran": " Alasan: ".join(filter(None, warned)) if warned[0] else None,
                "status_verifikasi": verdict if stays else None,
                "catatan": before.get("catatan") if stays or verdict is None else None,
                "hasil": before.get("hasil"),
                "perubahan": None if stays or verdict is None else _perubahan(before, handed, mark),
                "sidik": mark,
            }
        )
    return rows


def sidik_baris(baris: Row) -> str:
    """Return a fingerprint of what a data holder typed into a row; equal figures have one, however they are written."""
    return sha256("\x1f".join(_plain(baris.get(name)) for name in TYPED).encode()).hexdigest()[:16]


def _perubahan(before: Row, handed: Row, mark: str) -> str:
    """Return what the team is told of a row that had a verdict: old and new, and what it had asked for."""
    changes = []
    for name in ("realisasi", "alasan_belum_tersedia", "kendala", "tindak_lanjut"):
        old, new = (_shown(row.get(name)) for row in (before, handed))
        if old != new:
            changes.append(f"{name.replace('_', ' ')} {old} menjadi {new}")
    if not changes:
        same = f"realisasi tetap {_shown(handed.get('realisasi'))}, isian lain berubah"
        changes = ["tidak ada yang diubah" if before.get("sidik") == mark else same]
    said = "; ".join(changes)
    asked = f" Catatan sebelumnya: {before['catatan']}" if before.get("catatan") else ""
    return f"Perlu diperiksa lagi: {said}.{asked}"


def alasan_kembali(analisis: Rows | None, catatan: str | None) -> str | None:
    """Return what the holders read: the team's own words, then of each row to be corrected its code and note."""
    wanted = [row for row in analisis or () if row.get("status_verifikasi") == "perlu_perbaikan"]
    lines = [f"{row.get('kode')}: {row['catatan']}" for row in wanted if row.get("catatan")]
    return "\n".join([catatan] * bool(catatan) + lines) or None


def lembar_diajukan_lagi(lembar: Row | None) -> dict[str, Any] | None:
    """Return what the approval sheet of the pass before said; what was examined then is examined anew."""
    return lembar and {name: value for name, value in lembar.items() if name not in ("daftar_periksa", PERIKSA)}


def peringatan_rapat(hari: Any, batas: Any) -> str | None:
    """Return a warning if a meeting comes after the day on which the step that writes its minutes is due."""
    if hari is None or batas is None or hari <= batas:
        return None
    said = f"Rapat ini sesudah batas langkah 3 ({batas.day}/{batas.month}/{batas.year})."
    return f"{said} Langkah 3 baru dapat diselesaikan sesudah rapat, jadi terlambat."


def beda_hari(notula: Any, undangan: Any) -> str | None:
    """Return a remark if a meeting was held on another day than the one to which people were invited."""
    if notula is None or undangan is None or notula == undangan:
        return None
    return f"Undangan menyebut {undangan.day}/{undangan.month}/{undangan.year}; rapat berlangsung pada hari lain."


def dokumen_ada(dokumen: Row | None, nama: Sequence[str]) -> list[str]:
    """Return which of the named documents exist; one that waits for approval does not yet."""
    return [each for each in nama if each in (dokumen or {}) and not (dokumen or {})[each].get("menunggu")]


def dokumen_menunggu(dokumen: Row | None) -> str | None:
    """Return which documents wait for whose approval, as a sentence; None if none does."""
    waits = [
        f"{each['nama']} menunggu persetujuan {each['menunggu']}"
        for each in (dokumen or {}).values()
        if each.get("menunggu")
    ]
    return "; ".join(waits) + "." if waits else None


def naskah_pendahuluan(periode: str | None, tahun: Any) -> str:
    """Return a first text for the report's introduction, which the team edits."""
    return (
        f"Laporan Pengumpulan Data Kinerja {nama_periode(periode, tahun)} disusun sebagai bagian dari penyelenggaraan "
        "Sistem Akuntabilitas Kinerja Instansi Pemerintah.\n\nLandasan hukum: Peraturan Presiden Nomor 29 Tahun 2014; "
        "Peraturan Menteri PANRB Nomor 53 Tahun 2014.\n\nMaksud dan tujuan: menyediakan data kinerja yang lengkap, "
        "benar dan dapat dipertanggungjawabkan.\n\nRuang lingkup: seluruh indikator Perjanjian Kinerja pada periode "
        "tersebut."
    )


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return _plain(value).replace(".", ",")
    return f"\u201c{str(value)[:200]}\u201d" if value else "kosong"


def _rupiah(value: Decimal) -> str:
    return "Rp" + f"{value:,.2f}".removesuffix(".00").translate(str.maketrans(",.", ".,"))


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    return ";".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value or "")


def _round(value: Decimal | None, places: Any) -> Decimal | None:
    if value is None:
        return None
    return Decimal(value).quantize(Decimal(1).scaleb(-int(2 if places is None else places)), rounding=ROUND_HALF_UP)


def _padded(value: Decimal | None, about: Row) -> Decimal | None:
    """Return a target with the indicator's decimals; one that has more keeps them, since it is what was agreed."""
    if value is None or about.get("desimal") is None:
        return value
    rounded = _round(value, about["desimal"])
    return rounded if rounded == value else value


def _ratio(top: Decimal, bottom: Decimal, row: Row) -> Decimal | None:
    scale = HUNDRED if row.get("tipe_nilai") == "persen" else Decimal(1)
    return _round(top / bottom * scale, row.get("desimal"))


def _sum(values: Any) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))


def _sum_of_known(values: Any) -> Decimal | None:
    known = [value for value in values if value is not None]
    return _sum(known) if known else None


def _capped(value: Decimal | None, most: Decimal | None) -> Decimal | None:
    return value if value is None or most is None else min(value, most)


def _mean(values: Sequence[Decimal | None]) -> dict[str, Any]:
    counted = [value for value in values if value is not None]
    mean = _round(_sum(counted) / len(counted), 2) if counted else None
    return {
        "capaian": mean,
        "dihitung": Decimal(len(counted)),
        "dikecualikan": Decimal(len(values) - len(counted)),
    }


def _by_code(rows: Rows) -> dict[Any, Row]:
    return {row.get("kode"): row for row in rows}


def _one(rows: Rows, name: str, value: Any) -> Row:
    return next((row for row in rows if row.get(name) == value), {})


def _named(row: Row, party: str) -> str:
    return ", ".join(str(row[name]) for name in (f"{party}_nama", f"{party}_jabatan") if row.get(name))


def _order(number: Any) -> list[int]:
    return [int(part) for part in str(number or "0").split(".") if part.isdecimal()]
