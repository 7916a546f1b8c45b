"""People find instances, tasks and documents by number, date, name and content, and only what is theirs to see."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from engine.model.words import asked, excerpt
from engine.store.queries.search import ENTRY
from tests.office import kept_for_search


@pytest.fixture
def at_data(office):
    """Two quarters: the first has reached the data holders, the second has only been started."""
    first, _ = office.start(period="I"), office.start(period="II")
    office.until_data(first)
    told = {"draft_laporan__baris__0__faktor_pendukung": "Listrik padam sepekan."}
    office.do("pemegang.data.1", first, "siapkan_data", "pemegang.data.1", **told)
    kept_for_search(office)
    return first


def found(office, account, text, kind=""):
    of = office.services.finding.find(office.actor(account), text, kind)
    return {kind: [(hit.title, hit.instance) for hit, _ in hits] for kind, hits in of.hits.items() if hits}


def test_a_letter_is_found_by_its_number_and_by_the_beginning_of_it_and_no_other_letter_is(office, at_data):
    whole = found(office, "sekretaris", "000.1.5/1/DPMPTSP/2025")
    letters = ["Surat Tugas v1 · 800.1.11.1/2/DPMPTSP/2025", "Undangan v1 · 000.1.5/1/DPMPTSP/2025"]
    assert whole["document"] == [(title, "Triwulan I 2025") for title in letters[::-1]], "then the one that names it"
    assert found(office, "sekretaris", "000.1.5/1/dpm")["document"] == whole["document"]
    assert found(office, "sekretaris", "000.1.5/5/DPMPTSP/2025") == {}


def test_a_date_is_found_however_it_is_written(office, at_data):
    for typed in ("11 April 2025", "11/4/2025", "2025-04-11", "11-04-2025"):
        assert "Triwulan I 2025" in [title for title, _ in found(office, "kepala.dinas", typed)["instance"]], typed
    assert found(office, "kepala.dinas", "12 April 1999") == {}


def test_one_quarter_is_not_another_and_half_a_word_finds_the_whole(office, at_data):
    assert found(office, "kepala.dinas", "triwulan ii 2025")["instance"] == [("Triwulan II 2025",) * 2]
    assert found(office, "kepala.dinas", "TRIWULAN I 2025")["instance"] == [("Triwulan I 2025",) * 2]
    assert "instance" in found(office, "kepala.dinas", "pengump kiner")


@pytest.mark.parametrize("typed", ["TW II 2025", "tw 2 2025", "TW.II 2025", "triwulan 2 2025"])
def test_a_quarter_is_found_as_offices_shorten_it(office, at_data, typed):
    assert found(office, "kepala.dinas", typed)["instance"] == [("Triwulan II 2025",) * 2]


def test_what_is_shown_of_a_text_has_names_and_no_inner_values(office, at_data):
    of = office.services.finding.find(office.actor("auditor"), "undangan rapat kehadiran saudara", "document")
    text = "".join(part for _, parts in of.hits["document"] for part, _ in parts)
    assert "Undangan" in text
    with office.database.read() as reader:
        every = " · ".join(reader.connection.scalars(select(ENTRY.c.text)))
    assert not re.findall(r"(?: · |^)([a-z]+_[a-z]+|[0-9a-f]{16})(?= · |$)", every)
    notes = office.services.finding.find(office.actor("auditor"), "dibuka pimpinan", "document")
    shown = ["".join(part for part, _ in parts) for _, parts in notes.hits["document"]]
    assert all("tim.sakip" not in each for each in shown)
    assert any("Tim Sakip" in each for each in shown)


def test_who_may_see_people_finds_them_by_name_and_account_and_others_do_not(office, at_data):
    def people(account, text):
        return [id_ for id_, _ in office.services.finding.find(office.actor(account), text).people]

    assert people("operator", "data 1") == people("auditor", "pemegang.data.1") == ["pemegang.data.1"]
    assert people("operator", "pemeg") == ["pemegang.data.1", "pemegang.data.2"]
    assert people("tim.sakip", "pemegang") == people("operator", "tidak ada") == []


def test_each_finds_only_what_they_may_open(office, at_data):
    holder = office.services.finding.find(office.actor("pemegang.data.2"), "triwulan i 2025")
    assert {hit.instance_id for hits in holder.hits.values() for hit, _ in hits} == {at_data}
    assert {hit.subject for hit, _ in holder.hits["task"]} == {office.task(at_data, "siapkan_data", "pemegang.data.2")}
    assert "task" not in found(office, "auditor", "triwulan") or not found(office, "auditor", "triwulan")["task"]
    assert found(office, "auditor", "triwulan ii")["instance"]
    every = office.services.finding.find(office.actor("pemegang.data.1"), "triwulan ii").hits.values()
    assert {hit.instance_id for hits in every for hit, _ in hits} <= {at_data}, "the other reached no data holder"


def test_what_a_colleague_filled_in_is_found_by_who_reads_it_all_and_by_the_colleague(office, at_data):
    for account, finds in (
        ("pemegang.data.1", True),
        ("tim.sakip", True),
        ("auditor", True),
        ("pemegang.data.2", False),
    ):
        hits = found(office, account, "listrik padam").get("document", [])
        assert (hits == [("Draft Laporan v1", "Triwulan I 2025")]) is finds, account
        assert bool(hits) is finds, account


def test_a_name_finds_what_its_person_did_until_the_name_is_erased(office, at_data):
    operator, people = office.actor("operator"), office.services.people
    office.later(minutes=1)
    people.rename(operator, "pemegang.data.1", "Seksi Perizinan", "Nama bidang", office.now)
    assert ("Draft Laporan v1", "Triwulan I 2025") in found(office, "auditor", "seksi perizinan")["document"]
    people.set_active(operator, "pemegang.data.1", False, "Pindah", office.now)
    people.forget(operator, "pemegang.data.1", "Diminta yang bersangkutan", office.now)
    assert found(office, "auditor", "seksi perizinan") == {}


def test_a_letter_that_became_void_is_found_as_such(office, at_data):
    office.services.control.terminate(office.actor("operator"), at_data, "Salah periode.", office.now)
    kept_for_search(office)
    of = office.services.finding.find(office.actor("sekretaris"), "800.1.11.1/2/DPMPTSP/2025")
    assert [(hit.status, hit.instance_status) for hit, _ in of.hits["document"]] == [("void", "terminated")]


def test_who_works_in_no_role_any_more_finds_nothing(office, at_data):
    office.services.people.end_membership(
        office.actor("operator"), "tim.sakip.2", "m-tim.sakip.2-tim_sakip", date(2025, 4, 10), "Pindah.", office.now
    )
    assert found(office, "tim.sakip.2", "triwulan") == {}


ODD = [
    "",
    "  ",
    "'",
    '"',
    '"a" OR "b',
    "a*",
    "NEAR(a b)",
    "said:x",
    "-",
    "a AND",
    "'; DROP TABLE x --",
    "(",
    "\\",
    "%_",
]
ODD += ["x" * 10_000, "a " * 5_000, "!&|:*<->", "\u0000", "ł ß İ 漢字 🙂", "{}", "1e5", "^a", "٣٤ ² ½ ⅷ"]


def test_whatever_is_typed_ends_in_an_answer(office, at_data):
    for typed in ODD:
        for kind in ("", "document"):
            assert not office.services.finding.find(office.actor("auditor"), typed, kind).slow, typed


def test_a_comment_is_found_once_the_worker_has_seen_it_and_the_rest_stays_as_it_is(office, at_data):
    office.services.control.comment(office.actor("tim.sakip"), at_data, "Pindaian menyusul.", office.now)
    assert found(office, "sekretaris", "menyusul") == {}
    assert kept_for_search(office) == 1
    assert found(office, "sekretaris", "menyusul")["instance"] == [("Triwulan I 2025",) * 2]
    assert kept_for_search(office) == 0


def test_what_was_found_is_marked_within_the_words_around_it():
    text = "Menimbang bahwa " * 20 + "laporan kinerja selesai " + "demikian " * 40
    parts = excerpt(text, asked("kinerj"))
    assert [part for part, marked in parts if marked] == ["kinerja"]
    assert parts[0][0] == "…"
    assert len("".join(part for part, _ in parts)) < 320
