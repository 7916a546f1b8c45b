"""People, their memberships, and what must never happen to them."""

import json
from datetime import date
from threading import Event, Thread
from time import sleep

import pytest

from engine.model.errors import Conflict, InvalidForm, NotPermitted
from engine.model.people import Capacity
from engine.service.history.timelines import HistoryFilter
from engine.service.people.attempts import Source
from engine.store.proof import prove
from engine.store.queries import people as queries


@pytest.fixture
def operator(office):
    """Who lets people in."""
    return office.actor("operator")


def test_a_new_person_can_work_at_once_and_must_set_a_password(office, operator):
    person, password = office.services.people.add(
        operator, "tim.sakip.3", "Anggota Tim 3", ["tim_sakip"], date(2025, 4, 11), "Anggota baru.", office.now
    )
    assert person.must_change_password
    token = office.services.accounts.sign_in("tim.sakip.3", password, Source("-"), office.now).token
    assert office.services.accounts.session(token, office.now).actor.roles == {"tim_sakip"}


@pytest.mark.parametrize("account", ["", "Ada Spasi", "../etc", "sistem", "a" * 70, "titik.", "sekretaris"])
def test_account_names_that_cannot_be_are_refused(office, operator, account):
    with pytest.raises(InvalidForm) as refused:
        office.services.people.add(operator, account, "Nama", [], date(2025, 4, 11), "", office.now)
    assert refused.value.errors[0].path == "akun"


@pytest.mark.parametrize("name", ["", " x ", "N" * 121])
def test_nobody_is_called_by_less_than_two_or_more_than_a_hundred_and_twenty_letters(office, operator, name):
    people = office.services.people
    for deed in (
        lambda: people.add(operator, "orang.baru", name, [], date(2025, 4, 11), "", office.now),
        lambda: people.rename(operator, "tim.sakip", name, "Salah tulis", office.now),
    ):
        with pytest.raises(InvalidForm) as refused:
            deed()
        assert [error.path for error in refused.value.errors] == ["nama"]
    with office.database.read() as reader:
        assert (queries.by_id(reader, "tim.sakip").name, queries.by_id(reader, "orang.baru")) == ("Tim Sakip", None)


def test_an_acting_official_needs_a_decree_and_a_period_that_runs_forward(office, operator):
    people = office.services.people
    with pytest.raises(InvalidForm) as refused:
        people.add_membership(
            operator,
            "sekretaris",
            "kepala_dinas",
            Capacity.ACTING_PLH,
            date(2025, 5, 1),
            date(2025, 4, 1),
            "",
            "Cuti.",
            office.now,
        )
    assert {e.path for e in refused.value.errors} == {"sampai", "sk"}
    proposed = people.add_membership(
        operator,
        "sekretaris",
        "kepala_dinas",
        Capacity.ACTING_PLH,
        date(2025, 4, 11),
        date(2025, 4, 30),
        "SK 1",
        "Kepala Dinas cuti.",
        office.now,
    )
    people.confirm(office.actor("auditor"), proposed.held.id, office.now)
    assert office.actor("sekretaris").has("kepala_dinas")
    office.later(days=30)
    assert not office.actor("sekretaris").has("kepala_dinas")


def test_nobody_is_twice_in_one_lane_at_one_time(office, operator):
    with pytest.raises(InvalidForm) as refused:
        office.services.people.add_membership(
            operator, "sekretaris", "sekretaris", Capacity.DEFINITIVE, date(2025, 6, 1), None, None, "Lagi.", office.now
        )
    assert refused.value.errors[0].keyword == "overlap"


def test_the_last_operator_stays(office, operator):
    with pytest.raises(Conflict) as refused:
        office.services.people.set_active(operator, "operator", False, "Mutasi", office.now)
    assert refused.value.reason == "last_operator"
    [held] = operator.memberships
    for day in (10, 11, 30):  # yesterday, today, and a day to come: from the next on there would be nobody
        with pytest.raises(Conflict) as refused:
            office.services.people.end_membership(
                operator, "operator", held.id, date(2025, 4, day), "Pindah.", office.now
            )
        assert refused.value.reason == "last_operator"
    office.hire("operator.2", "operator", until=date(2025, 4, 29))
    with pytest.raises(Conflict):
        office.services.people.end_membership(operator, "operator", held.id, date(2025, 4, 29), "Pindah.", office.now)
    office.services.people.end_membership(operator, "operator", held.id, date(2025, 4, 28), "Pindah.", office.now)


def test_a_membership_never_ends_before_it_began_and_ending_it_is_no_way_to_prolong_it(office, operator):
    office.hire("magang", "tim_sakip", since=date(2025, 4, 1), until=date(2025, 4, 20))

    def end(day, reason="Selesai magang."):
        office.services.people.end_membership(operator, "magang", "m-magang-tim_sakip", day, reason, office.now)

    for day in (date(2025, 3, 31), date(2025, 4, 21)):
        with pytest.raises(InvalidForm) as refused:
            end(day)
        assert refused.value.errors[0].keyword == "period"
    with pytest.raises(InvalidForm) as refused:
        end(date(2025, 4, 10), "")
    assert refused.value.errors[0].path == "alasan"
    assert office.actor("magang").has("tim_sakip")
    end(date(2025, 4, 10))
    assert not office.actor("magang").has("tim_sakip")
    line = office.services.histories.of_person(operator, "magang")[0]
    assert json.loads(line.change)["reason"] == "Selesai magang."
    end(date(2025, 4, 1))  # the very day it began


def test_only_the_operator_changes_people_and_the_auditor_reads_them(office):
    people = office.services.people
    assert len(people.everyone(office.actor("auditor"))) >= 9
    with pytest.raises(NotPermitted):
        people.everyone(office.actor("sekretaris"))
    for account in ("sekretaris", "auditor", "perancang"):
        with pytest.raises(NotPermitted):
            people.rename(office.actor(account), "sekretaris", "Nama Lain", "Salah tulis", office.now)


def test_every_change_of_a_person_is_a_line_of_their_history(office, operator):
    office.services.people.rename(operator, "sekretaris", "Sekretaris Dinas", "Salah tulis", office.now)
    office.services.people.set_active(operator, "sekretaris", False, "Mutasi", office.now)
    lines = office.services.histories.of_person(operator, "sekretaris")
    assert [line.action for line in lines] == ["person:deactivated", "person:changed", "person:added"]


def test_lanes_without_people_are_named(office, operator):
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.services.people.set_active(operator, holder, False, "Mutasi", office.now)
    empty = [view.role for view in office.services.people.roles(office.now) if view.procedures and not view.members]
    assert empty == ["pemegang_data"]


def test_names_of_somebody_who_left_are_erased_and_every_line_stays_proved(office):
    operator, people = office.actor("operator"), office.services.people
    office.later(minutes=1)
    people.rename(operator, "sekretaris", "Sekretaris Lama", "Gelar baru", office.now)
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    with pytest.raises(Conflict):
        people.forget(operator, "sekretaris", "Diminta yang bersangkutan", office.now)
    people.set_active(operator, "sekretaris", False, "Pensiun", office.now)
    people.forget(operator, "sekretaris", "Diminta yang bersangkutan", office.now)
    lines = office.services.histories.everything(operator, HistoryFilter(actor="sekretaris")).lines
    assert (len(lines) > 3, {line.called for line in lines}) == (True, {None})
    with office.database.read() as reader:
        held = reader.connection.exec_driver_sql("SELECT name FROM person UNION SELECT value FROM personal_value").all()
    assert "Sekretaris Lama" not in {name for (name,) in held}


def test_somebody_who_comes_back_after_their_name_was_erased_acts_under_a_new_one(office):
    operator, people = office.actor("operator"), office.services.people
    people.set_active(operator, "sekretaris", False, "Pensiun", office.now)
    people.forget(operator, "sekretaris", "Diminta yang bersangkutan", office.now)
    people.set_active(operator, "sekretaris", True, "Kembali bertugas", office.now)
    instance = office.start("sekretaris")
    lines = office.services.histories.everything(operator, HistoryFilter(actor="sekretaris")).lines
    assert {line.called for line in lines if line.instance_id == instance} == {"sekretaris"}
    people.rename(operator, "sekretaris", "Sekretaris Dinas", "Nama yang benar", office.now)
    office.services.control.comment(office.actor("sekretaris"), instance, "Sudah.", office.now)
    lines = office.services.histories.everything(operator, HistoryFilter(actor="sekretaris")).lines
    assert [line.called for line in lines if line.action == "comment:added"] == ["Sekretaris Dinas"]
    with office.database.read() as reader:
        assert prove(reader).sound


def test_who_is_renamed_while_their_name_is_erased_keeps_none_in_history(office, monkeypatch):
    operator, people = office.actor("operator"), office.services.people
    people.set_active(operator, "sekretaris", False, "Pensiun", office.now)
    commit, written = queries.commit, Event()

    def slowly(*what):
        of = commit(*what)
        written.set()
        sleep(0.5)
        return of

    monkeypatch.setattr(queries, "commit", slowly)
    renaming = Thread(target=people.rename, args=(operator, "sekretaris", "Nama Lain", "Salah tulis", office.now))
    renaming.start()
    assert written.wait(10)
    people.forget(operator, "sekretaris", "Diminta yang bersangkutan", office.now)
    renaming.join(10)
    with office.database.read() as reader:
        kept = reader.connection.exec_driver_sql("SELECT value FROM personal_value WHERE person_id = 'sekretaris'")
        assert {value for (value,) in kept} == {None}
        assert reader.connection.exec_driver_sql("SELECT name FROM person WHERE id = 'sekretaris'").scalar() == (
            "sekretaris"
        )
        assert prove(reader).sound


def test_what_was_done_keeps_the_name_of_then(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    before = office.actor("kepala.dinas").name
    office.services.people.rename(office.actor("operator"), "kepala.dinas", "Kepala Baru", "Ganti gelar", office.now)
    office.services.control.comment(office.actor("kepala.dinas"), instance, "Sudah.", office.now)
    lines = office.services.histories.everything(office.actor("auditor"), HistoryFilter(actor="kepala.dinas")).lines
    assert {(line.action == "comment:added", line.called) for line in lines} == {(True, "Kepala Baru"), (False, before)}
