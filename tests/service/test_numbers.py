"""Numbers of letters: each given once, none twice, every one accounted for."""

import threading
from datetime import date

import pytest
from sqlalchemy import update

from engine.model.errors import InvalidForm, InvalidProcedure, NotFound, NotPermitted
from engine.model.testimony import PASSED_OVER
from engine.service.history.timelines import HistoryFilter
from engine.service.papers.letter_numbers import written
from engine.service.procedures.procedure import Values
from engine.store.proof import prove
from engine.store.tables import number
from engine.store.triggers import create_triggers
from tests.service.procedures import deploy, form, text
from tests.store.test_history import tampering

PROCESS = "data_objects_hold_versions"
NUMBER = {
    "type": "string",
    "title": "Nomor",
    "x-number": {
        "series": "surat_keluar",
        "pattern": 'susun("000.1.5/{urut:3}/{unit}/{tahun}", {"unit": "DINAS", "tahun": "{tahun}"})',
    },
}
YES = {"type": "boolean", "title": "Baik sekali"}


def letter(number=NUMBER, **more):
    dated = {"type": "string", "format": "date", "title": "Tanggal"}
    properties = {"nomor": number, "isi": text("Isi"), "tanggal": dated}
    section = {"type": "object", "title": "Surat", "properties": properties, **more}
    return {
        "mulai": form(tahun={"type": "integer", "title": "Tahun"}),
        "tulis": form(surat=section),
        "periksa": form(baik_sekali=YES),
    }


@pytest.fixture
def desk(staffed):
    """An office that writes letters."""
    deploy(staffed, PROCESS, letter())
    return staffed


def begin(office, year=2025):
    return office.services.starts.start(office.actor("ann"), PROCESS, Values({"tahun": year}), office.now)


def write(office, instance, words="Undangan rapat", **more):
    task = office.task(instance, "tulis")
    office.services.tasks.complete(office.actor("ann"), task, Values({"surat": {"isi": words, **more}}), office.now)


def check(office, instance, good=True):
    task = office.task(instance, "periksa")
    office.services.tasks.complete(office.actor("sam"), task, Values({"baik_sekali": good}), office.now)


def letters(office, instance):
    """(version, number) of each letter, oldest first."""
    documents = [d for d in office.page(instance).all_documents if d.data_object_id == "surat"]
    found = sorted(documents, key=lambda d: d.version)
    views = [office.services.documents.view(office.actor("auditor"), d.id) for d in found]
    return [(view.version.version, view.content["nomor"]) for view in views]


def register(office):
    return office.services.numbers.page(office.actor("auditor"), "surat_keluar", 2025)


def test_letters_are_numbered_as_they_are_issued(desk):
    first, second = begin(desk), begin(desk)
    write(desk, second)
    write(desk, first)
    assert letters(desk, second) == [(1, "000.1.5/001/DINAS/2025")]
    assert letters(desk, first) == [(1, "000.1.5/002/DINAS/2025")]
    assert [(n.ordinal, n.instance_id, n.subject) for n in register(desk).taken] == [
        (2, first, "Surat"),
        (1, second, "Surat"),
    ]


def test_a_letter_that_is_written_again_keeps_its_number(desk):
    instance = begin(desk)
    write(desk, instance)
    check(desk, instance, good=True)  # the first version is never enough for this procedure
    write(desk, instance, "Undangan rapat, diperbaiki")
    assert letters(desk, instance) == [(1, "000.1.5/001/DINAS/2025"), (2, "000.1.5/001/DINAS/2025")]
    assert register(desk).series.last == 1


def test_what_the_form_sends_as_a_number_is_not_taken(desk):
    instance = begin(desk)
    task = desk.task(instance, "tulis")
    entries = {"surat.isi": ["Surat"], "surat.nomor": ["999/PALSU"]}
    desk.services.tasks.complete(desk.actor("ann"), task, entries, desk.now)
    assert letters(desk, instance) == [(1, "000.1.5/001/DINAS/2025")]


def test_a_form_that_is_refused_takes_no_number(desk):
    deploy(desk, PROCESS, letter(required=["isi"]))
    instance = begin(desk)
    task = desk.task(instance, "tulis")
    with pytest.raises(InvalidForm):
        desk.services.tasks.complete(desk.actor("ann"), task, Values({"surat": {}}), desk.now)
    write(desk, instance)
    assert letters(desk, instance) == [(1, "000.1.5/001/DINAS/2025")]


def test_the_numbers_of_a_terminated_instance_are_void_and_never_given_again(desk):
    lost, kept = begin(desk), begin(desk)
    write(desk, lost)
    desk.services.control.terminate(desk.actor("operator"), lost, "Rapat dibatalkan", desk.now)
    write(desk, kept)
    assert letters(desk, kept) == [(1, "000.1.5/002/DINAS/2025")]
    assert [(n.ordinal, n.void_reason) for n in register(desk).taken] == [(2, None), (1, "Rapat dibatalkan")]
    actions = [
        line.action for line in desk.services.histories.of_instance(desk.actor("auditor"), lost, HistoryFilter()).lines
    ]
    assert actions.count("number:taken") == actions.count("number:voided") == 1


def test_letters_that_are_issued_at_the_same_moment_take_neighbouring_numbers(desk):
    instances = [begin(desk) for _ in range(6)]
    tasks, ann = [desk.task(i, "tulis") for i in instances], desk.actor("ann")
    failed = []

    def one(task):
        try:
            desk.services.tasks.complete(ann, task, Values({"surat": {"isi": "Surat"}}), desk.now)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert sorted(letters(desk, i)[0][1] for i in instances) == [f"000.1.5/{n:03}/DINAS/2025" for n in range(1, 7)]
    assert [n.ordinal for n in register(desk).taken] == [6, 5, 4, 3, 2, 1]


def test_each_year_begins_with_one_and_the_text_carries_the_year_of_the_letter_not_of_the_data(desk):
    april, january = begin(desk), begin(desk)  # both of the data year 2025
    write(desk, april)
    desk.later(days=280)
    write(desk, january)
    assert letters(desk, april) == [(1, "000.1.5/001/DINAS/2025")]
    assert letters(desk, january) == [(1, "000.1.5/001/DINAS/2026")]


@pytest.mark.parametrize(("text_", "shown"), [("surat.tanggal", date(2025, 4, 10)), ("hari_ini", None)])
def test_the_register_of_numbers_shows_the_date_that_stands_in_a_letter(staffed, text_, shown):
    deploy(staffed, PROCESS, letter(NUMBER | {"x-number": NUMBER["x-number"] | {"date": text_}}))
    instance = begin(staffed)
    write(staffed, instance, tanggal="2025-04-10")
    [(found, day)] = register(staffed).letters.values()
    assert (found.instance_id, day) == (instance, shown)


def test_a_letter_counts_in_the_year_of_its_own_date(staffed):
    dated = NUMBER | {"x-number": NUMBER["x-number"] | {"date": "surat.tanggal"}}
    deploy(staffed, PROCESS, letter(dated))
    on_time, new_year, late, undated = (begin(staffed) for _ in range(4))
    write(staffed, on_time, tanggal="2025-12-29")
    staffed.later(days=268)  # 4 January 2026
    write(staffed, new_year, tanggal="2026-01-04")
    write(staffed, late, tanggal="2025-12-31")
    write(staffed, undated)
    texts = [letters(staffed, each)[0][1] for each in (on_time, new_year, late, undated)]
    assert [text.removeprefix("000.1.5/") for text in texts] == [
        "001/DINAS/2025",
        "001/DINAS/2026",
        "002/DINAS/2025",
        "002/DINAS/2026",
    ]
    assert [n.ordinal for n in register(staffed).taken] == [2, 1]


def test_a_pattern_that_does_not_tell_years_apart_goes_on_counting_and_every_ordinal_is_accounted_for(staffed):
    bare = NUMBER | {"x-number": {"series": "surat_keluar", "pattern": '"000.1.5/{urut:3}"'}}
    deploy(staffed, PROCESS, letter(bare))
    for _ in range(2):
        write(staffed, begin(staffed))
    staffed.later(days=280)
    instance = begin(staffed)
    write(staffed, instance)
    assert letters(staffed, instance) == [(1, "000.1.5/003")]
    taken = staffed.services.numbers.page(staffed.actor("auditor"), "surat_keluar", 2026).taken
    assert [(n.ordinal, n.void_reason) for n in taken] == [(3, None), (2, PASSED_OVER), (1, PASSED_OVER)]


@pytest.mark.parametrize("name", ["place", "subject"])
def test_what_somebody_writes_beside_a_number_that_was_passed_over_is_found(staffed, name):
    bare = NUMBER | {"x-number": {"series": "surat_keluar", "pattern": '"000.1.5/{urut:3}"'}}
    deploy(staffed, PROCESS, letter(bare))
    write(staffed, begin(staffed))
    staffed.later(days=280)
    write(staffed, begin(staffed))
    its = number.c.void_reason == PASSED_OVER
    staffed.tampered = True
    for value, found in (("", []), ("Surat lain", [("number", name)])):
        with tampering(staffed.database) as connection:
            assert connection.execute(update(number).where(its).values({name: value})).rowcount == 1
            create_triggers(connection)
        with staffed.database.read() as reader:
            assert [(fault.table, fault.field) for fault in prove(reader).faults] == found


def test_the_operator_says_which_numbers_were_given_on_paper(desk):
    write(desk, begin(desk))
    move = desk.services.numbers.move_on
    move(desk.actor("operator"), "surat_keluar", 2025, 57, "Buku agenda sampai April", desk.now)
    instance = begin(desk)
    write(desk, instance)
    assert letters(desk, instance) == [(1, "000.1.5/058/DINAS/2025")]
    taken = register(desk).taken
    assert [n.ordinal for n in taken] == list(range(58, 0, -1)), "every number is accounted for"
    assert {n.void_reason for n in taken if n.instance_id is None} == {"Buku agenda sampai April"}
    for last in (40, 58, 9_000):
        with pytest.raises(InvalidForm):
            move(desk.actor("operator"), "surat_keluar", 2025, last, "Salah hitung", desk.now)
    with pytest.raises(NotFound):
        move(desk.actor("operator"), "surat_masuk", 2025, 60, "Salah seri", desk.now)
    for account in ("ann", "auditor"):
        with pytest.raises(NotPermitted):
            move(desk.actor(account), "surat_keluar", 2025, 90, "Tidak berhak", desk.now)
    assert register(desk).series.last == 58


def test_the_very_next_number_was_given_on_paper_too(desk):
    write(desk, begin(desk))
    desk.services.numbers.move_on(desk.actor("operator"), "surat_keluar", 2025, 2, "Satu di agenda", desk.now)
    instance = begin(desk)
    write(desk, instance)
    assert letters(desk, instance) == [(1, "000.1.5/003/DINAS/2025")]


def test_the_register_of_numbers_is_read_by_those_who_read_everything_and_who_take_numbers(desk):
    write(desk, begin(desk))
    for account in ("auditor", "operator", "perancang", "ann"):
        assert [one.series for one in desk.services.numbers.series(desk.actor(account))] == ["surat_keluar"]
    with pytest.raises(NotPermitted):
        desk.services.numbers.series(desk.actor("pemegang.data.1"))
    with pytest.raises(NotPermitted):
        desk.services.numbers.page(desk.actor("pemegang.data.1"), "surat_keluar", 2025)


@pytest.mark.parametrize("wrong", [{"pattern": '"000.1.5/" + str(tahun)'}, {"date": "tahun"}, {"date": "tahun / 0"}])
def test_a_pattern_without_its_ordinal_or_a_date_that_is_none_is_told_and_nothing_is_lost(staffed, wrong):
    wrong = NUMBER | {"x-number": NUMBER["x-number"] | wrong}
    deploy(staffed, PROCESS, letter(wrong))
    instance = begin(staffed)
    with pytest.raises(InvalidForm) as refused:
        staffed.services.tasks.complete(
            staffed.actor("ann"), staffed.task(instance, "tulis"), {"surat.isi": ["Surat"]}, staffed.now
        )
    assert [(e.path, e.keyword) for e in refused.value.errors] == [("surat.nomor", "number_pattern")]
    assert refused.value.entries == {"surat.isi": ["Surat"]}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (NUMBER | {"x-number": {"series": "Surat Keluar", "pattern": '"{urut}"'}}, "Nama deret nomor"),
        (NUMBER | {"x-number": "surat"}, "Penomoran tidak terbaca"),
        (NUMBER | {"readOnly": True}, "Nomor diberikan oleh sistem"),
        (NUMBER | {"type": "integer"}, "isian teks"),
    ],
)
def test_a_numbering_that_cannot_work_is_refused_at_deployment_with_its_place(staffed, number, words):
    with pytest.raises(InvalidProcedure) as refused:
        deploy(staffed, PROCESS, letter(number))
    [fault] = [f for f in refused.value.findings if words in f.message]
    assert fault.file.endswith("tulis.schema.json")
    assert fault.line


@pytest.mark.parametrize(
    ("pattern", "ordinal", "text"),
    [
        ("{urut}", 7, "7"),
        ("A/{urut:3}/B/{tahun}", 7, "A/007/B/2026"),
        ("{urut:2}", 123, "123"),
        ("{lain}/{urut}", 1, "{lain}/1"),
    ],
)
def test_ordinal_and_year_are_put_where_the_pattern_says(pattern, ordinal, text):
    assert written(pattern, ordinal, 2026) == text
