"""What completing a task costs the database: at most nine statements and one commit, reads included.

Two reads (the task with its instance, state and the person's standing; the documents), one more where the form asks
for people; then history, instance, task, next tasks, documents, and what people are told. Permission is part of the
statement that completes the task, and the revision part of the one that moves the instance. What a step adds of its own
is named below.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.model.errors import Conflict, NotPermitted
from engine.store.proof import prove
from tests.office import SOP, returned
from tests.statements import counting

MOST = 9
FILES = 2  # rows of staged files are read, and belong to the instance from then on
RETURN = 1  # the deadlines of the steps' first pass are looked up
REPLACED = 1  # of a second pass: the version before is marked
DRAFT = 1  # what was typed before is dropped
NUMBER = 4  # the instance's numbers are read, the series is counted on, its text sought and the number entered
REGISTERS = 1  # the registers' revisions are read; their rows only where they changed since
PAPER = 2  # a document that has a template is noted as due to be printed; on PostgreSQL its job is entered
SIGNATURES = 2  # entered; those are read that a document issued before already has
LETTER = MOST + NUMBER + REGISTERS + PAPER


def counted(office, account, instance, element_id, item=None, **more):
    """Complete a step as *account* would; what the database was asked meanwhile."""
    task = office.task(instance, element_id, item)
    entries, actor = office.filled(account, task, **more), office.actor(account)
    with counting(office.database) as count:
        office.services.tasks.complete(actor, task, entries, office.now)
    assert count.commits == 1
    return len(count)


def test_every_step_of_the_sop_takes_at_most_nine_statements_and_one_commit(office):
    instance = office.start()
    assert counted(office, "kepala.dinas", instance, "perintahkan_pengumpulan_data") <= LETTER
    assert counted(office, "sekretaris", instance, "siapkan_kertas_kerja") <= LETTER
    office.approve(instance)
    assert counted(office, "tim.sakip", instance, "susun_jadwal") <= LETTER + SIGNATURES
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        assert counted(office, holder, instance, "siapkan_data", holder) <= MOST + FILES + PAPER
    assert counted(office, "tim.sakip", instance, "susun_analisis") <= MOST + PAPER + SIGNATURES
    assert counted(office, "sekretaris", instance, "minta_persetujuan") <= MOST + PAPER
    assert counted(office, "kepala.dinas", instance, "tandatangani_persetujuan") <= LETTER + SIGNATURES
    assert office.open_steps(instance) == []


def test_a_return_and_a_second_pass_take_one_statement_more(office):
    instance = office.start()
    office.until_analysis(instance)
    corrected = returned("pemegang.data.1")
    assert counted(office, "tim.sakip", instance, "susun_analisis", **corrected) <= MOST + RETURN + PAPER + SIGNATURES
    corrects = counted(office, "pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    assert corrects <= MOST + FILES + REPLACED + PAPER
    assert counted(office, "tim.sakip", instance, "susun_analisis") <= MOST + REPLACED + PAPER + SIGNATURES


def test_a_draft_costs_one_statement_and_is_gone(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    kepala = office.actor("kepala.dinas")
    office.services.tasks.save_draft(kepala, task, {"disposisi.catatan": ["Segera"]}, office.now)
    assert counted(office, "kepala.dinas", instance, "perintahkan_pengumpulan_data") <= LETTER + DRAFT
    assert office.services.tasks.open(kepala, task, office.now).draft is None


# ── what changes between reading and writing ────────────────────────────────────────────────────────────────────────


class Interrupted:
    """The database, but before it is written to first something happens in the office."""

    def __init__(self, database, happens):
        self.database, self.happens = database, happens

    def __getattr__(self, name):
        return getattr(self.database, name)

    def write(self, actor, now):
        happens, self.happens = self.happens, lambda: None
        happens()
        return self.database.write(actor, now)


def complete_while(office, account, task, happens):
    interrupted = replace(office.services.tasks, database=Interrupted(office.database, happens))
    interrupted.complete(office.actor(account), task, office.filled(account, task), office.now)


def test_whose_membership_ends_meanwhile_does_not_complete(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    task = office.task(instance, "siapkan_kertas_kerja")
    yesterday = office.services.office.today(office.now) - timedelta(days=1)

    def membership_ends():
        operator = office.actor("operator")
        office.services.people.end_membership(
            operator, "sekretaris", "m-sekretaris-sekretaris", yesterday, "Mutasi.", office.now
        )

    with pytest.raises(NotPermitted):
        complete_while(office, "sekretaris", task, membership_ends)
    assert office.open_steps(instance) == ["siapkan_kertas_kerja"]
    with office.database.read() as reader:
        assert prove(reader).sound


def test_who_is_slower_than_a_claim_is_told_who_claimed(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")

    def another_claims():
        office.services.assignments.claim(office.actor("tim.sakip.2"), task, office.now)

    with pytest.raises(Conflict) as told:
        complete_while(office, "tim.sakip", task, another_claims)
    assert (told.value.reason, told.value.who) == ("claimed", "tim.sakip.2")


def test_who_gives_an_element_to_another_role_meanwhile_finds_its_task_there(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")

    def element_moves():
        office.services.assignments.reassign_element(
            office.actor("operator"), SOP, "siapkan_kertas_kerja", "tim_sakip", "Sekretaris cuti", office.now
        )

    complete_while(office, "kepala.dinas", task, element_moves)
    [opened] = office.page(instance).current[0].tasks
    assert (opened.element_id, opened.role) == ("siapkan_kertas_kerja", "tim_sakip")
