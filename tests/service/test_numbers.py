"""Numbers of letters: each given once, none twice, every one accounted for."""

import threading

import pytest

from engine.model.errors import InvalidForm, InvalidProcedure, NotPermitted
from engine.service.histories import Filter
from engine.service.numbers import written
from engine.service.procedures import Values
from tests.service.procedures import deploy, form, text

PROCESS = "data_objects_hold_versions"
NUMBER = {
    "type": "string",
    "title": "Nomor",
    "x-number": {
        "series": "surat_keluar",
        "pattern": 'susun("000.1.5/{urut:3}/{unit}/{tahun}", {"unit": "DINAS", "tahun": str(tahun)})',
    },
}
YES = {"type": "boolean", "title": "Baik sekali"}


def letter(number=NUMBER, **more):
    section = {"type": "object", "title": "Surat", "properties": {"nomor": number, "isi": text("Isi")}, **more}
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
    return office.services.instances.start(office.actor("ann"), PROCESS, Values({"tahun": year}), office.now)


def write(office, instance, words="Undangan rapat"):
    task = office.task(instance, "tulis")
    office.services.tasks.complete(office.actor("ann"), task, Values({"surat": {"isi": words}}), office.now)


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
    desk.services.instances.terminate(desk.actor("operator"), lost, "Rapat dibatalkan", desk.now)
    write(desk, kept)
    assert letters(desk, kept) == [(1, "000.1.5/002/DINAS/2025")]
    assert [(n.ordinal, n.void_reason) for n in register(desk).taken] == [(2, None), (1, "Rapat dibatalkan")]
    actions = [line.action for line in desk.services.histories.of_instance(desk.actor("auditor"), lost, Filter()).lines]
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


def test_each_year_begins_with_one(desk):
    write(desk, begin(desk))
    desk.later(days=300)
    instance = begin(desk, 2026)
    write(desk, instance)
    assert letters(desk, instance) == [(1, "000.1.5/001/DINAS/2026")]


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


def test_the_register_of_numbers_is_read_by_those_who_read_everything(desk):
    write(desk, begin(desk))
    for account in ("auditor", "operator", "perancang"):
        assert [one.series for one in desk.services.numbers.series(desk.actor(account))] == ["surat_keluar"]
    for account in ("ann", "kepala.dinas"):
        with pytest.raises(NotPermitted):
            desk.services.numbers.series(desk.actor(account))
        with pytest.raises(NotPermitted):
            desk.services.numbers.page(desk.actor(account), "surat_keluar", 2025)


def test_a_pattern_without_its_ordinal_is_told_at_the_field_and_nothing_is_lost(staffed):
    wrong = NUMBER | {"x-number": {"series": "surat_keluar", "pattern": '"000.1.5/" + str(tahun)'}}
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
    [("{urut}", 7, "7"), ("A/{urut:3}/B", 7, "A/007/B"), ("{urut:2}", 123, "123"), ("{lain}/{urut}", 1, "{lain}/1")],
)
def test_the_ordinal_is_put_where_the_pattern_says(pattern, ordinal, text):
    assert written(pattern, ordinal) == text
