"""Work that was sent back: the second and third pass verify what was corrected, and print what was accepted."""

import json

import pytest

from engine.forms.grids import RowState
from engine.model.errors import InvalidForm
from engine.service.procedures.procedure import INDONESIAN
from engine.service.work.grids import GridRequest
from tests.documents.pdf_text import pages_of
from tests.office import returned
from tests.service.test_printing import document, paper

FIRST, SECOND = "pemegang.data.1", "pemegang.data.2"
TYPED = ("realisasi", "pembilang", "penyebut", "kendala", "realisasi_anggaran", "bukti")
EXPLAINED = ("faktor_pendukung", "kendala", "tindak_lanjut")
HANDED, CHECKED = "draft_laporan.baris", "notula_analisis.analisis"


def verified(office, instance):
    """What the team finds in its table, by code: figure, verdict, and what changed since the last one."""
    task = office.task(instance, "susun_analisis")
    page = office.services.grids.open(GridRequest(office.actor("tim.sakip"), task, CHECKED, INDONESIAN, office.now))
    return {
        row.key: (row.shown.get("realisasi"), (row.texts["status_verifikasi"] or ("",))[0], row)
        for row in page.grid.rows
    }


def holders_table(office, instance, holder):
    task = office.task(instance, "siapkan_data", holder)
    return office.services.grids.open(GridRequest(office.actor(holder), task, HANDED, INDONESIAN, office.now))


def correct(office, instance, holder, **rows):
    """Hand in again with another realisation in some rows: ``IKU_01="72,25"``."""
    codes = {row.key: row.index for row in holders_table(office, instance, holder).grid.rows}
    typed = {}
    for code, text in rows.items():
        row = f"{HANDED}.{codes[code.replace('_', '-')]}"
        typed |= {f"{row}.realisasi": text, **{f"{row}.{name}": "Pendampingan." for name in EXPLAINED}}
    office.do(holder, instance, "siapkan_data", holder, **typed)


def newest(office, instance, name):
    return next(each for each in office.page(instance).documents if each.data_object_id == name)


def handed_in(office, instance, holder):
    parts = {part.item: json.loads(part.content) for part in newest(office, instance, "draft_laporan").parts}
    return {row["kode"]: row for row in parts[holder]["baris"]}


def test_on_the_second_pass_the_team_verifies_what_was_corrected(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
    correct(office, instance, FIRST, IKU_01="72,25")
    rows = verified(office, instance)
    assert rows["IKU-01"][:2] == ("72,25", ""), "the verdict was on another figure"
    assert rows["IKU-01"][2].state is RowState.CHANGED
    assert not rows["IKU-01"][2].acceptable, "nobody accepts it with all the others at once"
    assert rows["IKU-01"][2].note == (
        "Perlu diperiksa lagi: realisasi 66,5 menjadi 72,25; kendala kosong menjadi “Pendampingan.”; tindak lanjut "
        "kosong menjadi “Pendampingan.”. Catatan sebelumnya: Lampirkan rekap triwulan ini."
    )
    assert {rows[code][1] for code in ("IKU-02", "IKU-03", "IKU-04", "IKU-05")} == {"sesuai"}
    assert rows["IKU-02"][0] == "87,64"


def test_on_the_third_pass_too(office):
    instance = office.start()
    office.until_analysis(instance)
    for figure in ("70", "73,5"):
        office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
        correct(office, instance, FIRST, IKU_01=figure)
    assert verified(office, instance)["IKU-01"][:2] == ("73,50", "")
    assert "realisasi 70 menjadi 73,5" in verified(office, instance)["IKU-01"][2].note
    office.do("tim.sakip", instance, "susun_analisis", **{f"{CHECKED}.0.hasil": "Naik karena pendampingan."})
    [row, *_] = json.loads(newest(office, instance, "notula_analisis").content)["analisis"]
    assert (row["kode"], row["realisasi"], row["predikat"]) == ("IKU-01", "73.50", "Sangat Tinggi")


def test_a_row_that_was_handed_in_again_unchanged_or_with_other_words_is_looked_at_again(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
    correct(office, instance, FIRST, IKU_01="66,50")
    row = verified(office, instance)["IKU-01"]
    assert (row[1], row[2].state) == ("", RowState.CHANGED)
    assert "realisasi" not in row[2].note, "the figure is the same, however it is written"
    assert "kendala kosong menjadi “Pendampingan.”" in row[2].note


def test_a_row_that_the_team_accepted_cannot_be_changed_by_its_holder(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
    page = holders_table(office, instance, FIRST)
    assert {row.key: row.locked for row in page.grid.rows} == {"IKU-01": False, "IKU-03": True, "IKU-05": True}
    assert [row.state for row in page.grid.rows][1:] == [RowState.ACCEPTED] * 2
    typed = [[cell.given for cell in row.cells if cell.name in ("realisasi", "bukti")] for row in page.rows([0, 1])]
    assert typed == [[False, False], [True, True]]
    before = handed_in(office, instance, FIRST)["IKU-05"]
    correct(office, instance, FIRST, IKU_01="72,25", IKU_05="10")
    after = handed_in(office, instance, FIRST)["IKU-05"]
    assert {name: after[name] for name in TYPED} == {name: before[name] for name in TYPED}, (
        "what was accepted is what is handed in, whatever is posted"
    )
    assert verified(office, instance)["IKU-05"][:2] == ("65,00", "sesuai")


def test_a_returned_row_is_marked_for_its_holder_until_something_in_it_is_changed(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
    page = holders_table(office, instance, FIRST)
    row = page.grid.rows[0]
    assert (row.state, row.note) == (RowState.RETURNED, "Lampirkan rekap triwulan ini.")
    assert (page.grid.filled, page.grid.decides) == (2, False)
    task, actor = office.task(instance, "siapkan_data", FIRST), office.actor(FIRST)
    asked = GridRequest(actor, task, HANDED, INDONESIAN, office.now)
    said = {f"{HANDED}.0.kode": ["IKU-01"], f"{HANDED}.0.kendala": ["Rekap memang belum ada."]}
    page = office.services.grids.save(
        asked, {**said, f"{HANDED}.0.tindak_lanjut": ["Menyusul."]}, (page.revision, None)
    )
    assert page.grid.rows[0].state is RowState.COMPLETE


def test_a_sheet_from_home_does_not_change_what_was_accepted_and_says_so(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
    task, actor = office.task(instance, "siapkan_data", FIRST), office.actor(FIRST)
    sheet = b"kode;realisasi\nIKU-01;72,25\nIKU-03;93,93\nIKU-05;10\n"
    _, found = office.services.grids.look_at(GridRequest(actor, task, HANDED, INDONESIAN, office.now), sheet)
    assert [(change.row, change.new) for change in found.changes] == [("IKU-01", "72,25")]
    assert [(refusal.row, refusal.message) for refusal in found.refusals] == [
        ("IKU-05", "baris ini sudah diterima; isinya tidak dapat diubah.")
    ]


def test_what_the_head_sends_back_is_open_again_and_verified_anew(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do(
        "kepala.dinas",
        instance,
        "tandatangani_persetujuan",
        keputusan="kembalikan",
        kembali_ke="siapkan_data",
        pemegang_diminta=["", SECOND],
        catatan_keputusan="Angka sumbernya keliru.",
    )
    assert not any(row.locked for row in holders_table(office, instance, SECOND).grid.rows)
    correct(office, instance, SECOND, IKU_02="89,75")
    rows = verified(office, instance)
    assert rows["IKU-02"][:2] == ("89,75", "")
    assert (rows["IKU-01"][:2], rows["IKU-05"][1]) == (("66,50", "sesuai"), "sesuai")


def test_the_signed_report_prints_the_figure_that_was_accepted(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
    correct(office, instance, FIRST, IKU_01="49", IKU_03="10")
    office.do("tim.sakip", instance, "susun_analisis", **{f"{CHECKED}.0.hasil": "Turun karena data pusat."})
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    said = "".join(pages_of(paper(office, document(office, instance, "laporan"))[2]))
    assert "70,0049,0070,00Sedang" in said, "target, realisation, achievement, rating"
    assert "89,64" not in said


def sent_back_by_the_head(office, instance, holder):
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do(
        "kepala.dinas",
        instance,
        "tandatangani_persetujuan",
        keputusan="kembalikan",
        kembali_ke="siapkan_data",
        pemegang_diminta=["", holder],
        catatan_keputusan="Angka sumbernya keliru.",
    )


def printed(office, instance, name):
    return "".join(pages_of(paper(office, newest(office, instance, name))[2]))


def test_on_every_pass_after_a_return_from_step_5_minutes_and_report_print_the_last_figures(office):
    instance = office.start()
    office.until_analysis(instance)
    for figure in ("70", "45,5"):
        office.do("tim.sakip", instance, "susun_analisis", **returned(FIRST))
        correct(office, instance, FIRST, IKU_01=figure, IKU_05="10")
    why = {f"{CHECKED}.0.hasil": "Turun karena data pusat."}
    office.do("tim.sakip", instance, "susun_analisis", **why)
    minutes = printed(office, instance, "notula_analisis")
    assert "70,0045,5065,00Rendah" in minutes, "of the third pass: target, realisation, achievement, rating"
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    report = printed(office, instance, "laporan")
    assert "70,0045,5065,00Rendah" in report
    assert "66,50" not in report, "of the first pass"
    assert "65" in report, "the accepted row, which was posted as 10"


def test_on_every_pass_after_a_return_from_step_7_too(office):
    instance = office.start()
    office.until_analysis(instance)
    for figure, why in (("80,10", "Turun."), ("52,00", "Data pusat dibetulkan.")):
        office.do("tim.sakip", instance, "susun_analisis", **{f"{CHECKED}.1.hasil": why})
        sent_back_by_the_head(office, instance, SECOND)
        correct(office, instance, SECOND, IKU_02=figure)
        assert verified(office, instance)["IKU-02"][:2] == (figure, "")
    office.do("tim.sakip", instance, "susun_analisis", **{f"{CHECKED}.1.hasil": "Survei diulang."})
    assert "52" in printed(office, instance, "notula_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    report = printed(office, instance, "laporan")
    assert "(IKM)Indekstidakadatarget52,00tidakadatargetTidakadatarget" in report, "with its own rating"
    assert "80,10" not in report
    assert "87,64" not in report


def test_what_the_secretary_sends_back_keeps_what_was_right_and_prints_the_last_figures(office):
    instance = office.start()
    office.until_analysis(instance)
    discussed = "Tiap indikator dibahas satu per satu dengan pemegangnya."
    office.do("tim.sakip", instance, "susun_analisis", **{"notula_analisis.pembahasan": discussed})
    first = newest(office, instance, "notula_analisis")
    refused = {"hasil_pemeriksaan": "kembalikan", "catatan_pemeriksaan": ""}
    with pytest.raises(InvalidForm) as without:
        office.do("sekretaris", instance, "minta_persetujuan", **refused)
    assert [each.path for each in without.value.errors] == ["catatan_pemeriksaan"], "a reason, and nothing else"
    why = "Angka IKU-02 berbeda dengan laporan survei."
    office.do("sekretaris", instance, "minta_persetujuan", **refused | {"catatan_pemeriksaan": why})
    assert office.open_steps(instance) == ["susun_analisis"]
    assert office.page(instance).current[0].tasks[0].returned_reason == why
    assert "lembar_persetujuan" not in {d.data_object_id for d in office.page(instance).documents}, "nothing to sign"
    page = office.services.tasks.open(office.actor("tim.sakip"), office.task(instance, "susun_analisis"), office.now)
    assert office.services.tasks.prefill(page)["notula_analisis.pembahasan"] == [discussed]
    assert {verdict for _, verdict, _ in verified(office, instance).values()} == {"sesuai"}, "nobody verifies twice"

    office.do("tim.sakip", instance, "susun_analisis", **returned(SECOND))
    correct(office, instance, SECOND, IKU_02="52,00")
    office.do("tim.sakip", instance, "susun_analisis", **{f"{CHECKED}.1.hasil": "Survei diulang."})
    assert newest(office, instance, "notula_analisis").version > first.version
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    minutes, report = (printed(office, instance, name) for name in ("notula_analisis", "laporan"))
    for said in (minutes, report):
        assert "52,00" in said
        assert "87,64" not in said, "the figure of the first pass"


def test_the_rating_beside_a_figure_is_that_figures_own_whatever_the_minutes_say(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.tampered = True
    with office.database.unguarded() as connection:
        wrong = 'replace(content, \'"predikat":"Sangat Tinggi"\', \'"predikat":"Sangat Rendah"\')'
        connection.exec_driver_sql(f"UPDATE document SET content = {wrong} WHERE data_object_id = 'notula_analisis'")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    report = printed(office, instance, "laporan")
    assert "95,00SangatTinggi" in report
    assert "SangatRendah" not in report


def test_what_a_return_leaves_is_a_draft_and_the_next_pass_goes_on_from_it(office):
    instance = office.start()
    office.until_analysis(instance)
    task = office.task(instance, "susun_analisis")
    typed = {path: [text] for path, text in returned(FIRST, "").items()} | {
        "notula_analisis.pembahasan": ["Sementara."]
    }
    page = office.services.tasks.open(office.actor("tim.sakip"), task, office.now)
    entries = {**office.services.tasks.prefill(page), **typed}
    office.services.tasks.complete(office.actor("tim.sakip"), task, entries, office.now)
    minutes = newest(office, instance, "notula_analisis")
    assert (minutes.status, minutes.issued_at) == ("draft", None), "half of minutes is no document that anybody prints"
    correct(office, instance, FIRST, IKU_01="72,25")
    again = office.services.tasks.open(office.actor("tim.sakip"), office.task(instance, "susun_analisis"), office.now)
    assert office.services.tasks.prefill(again)["notula_analisis.pembahasan"] == ["Sementara."]
    office.do("tim.sakip", instance, "susun_analisis", **{f"{CHECKED}.0.hasil": "Naik."})
    versions = [d for d in office.page(instance).all_documents if d.data_object_id == "notula_analisis"]
    assert [version.status for version in versions] == ["replaced", "issued"]
