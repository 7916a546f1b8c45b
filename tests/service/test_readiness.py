"""Before an instance starts, and while it can be taken back: registers that its steps will ask, and who may stop it."""

import pytest

from engine.cli import CONSOLE
from engine.model.errors import NotFound, NotPermitted
from engine.model.process import InstanceStatus
from engine.service.authoring.deployments import step_of
from engine.service.procedures.procedure import INDONESIAN
from tests.office import SOP

YEAR_WITHOUT = {"tahun": ["2027"], "periode": ["I"]}


def unmet(office, entries):
    return office.services.starts.unmet(office.actor("kepala.dinas"), SOP, entries, office.now, INDONESIAN)


def test_a_year_without_its_agreement_and_plan_is_said_before_the_start(office):
    assert unmet(office, {"tahun": ["2025"], "periode": ["I"]}) == ()
    agreement, plan = unmet(office, YEAR_WITHOUT)
    assert agreement.message.startswith("Perjanjian Kinerja tahun ini belum ditetapkan")
    assert agreement.registers == ("perjanjian_kinerja", "pk_sasaran", "pk_program", "indikator")
    assert plan.message.startswith("Rencana Aksi tahun ini belum ditetapkan")
    assert "rencana_aksi" in plan.registers


def test_the_start_page_lists_the_registers_that_its_steps_read_and_who_fills_them(office):
    ready = office.services.starts.readiness(office.actor("kepala.dinas"), SOP, office.now)
    sources = {source.register.id: source for source in ready.sources}
    assert set(sources) == {"perjanjian_kinerja", "pk_sasaran", "pk_program", "indikator", "rencana_aksi"}
    agreement = sources["perjanjian_kinerja"]
    assert (agreement.rows, agreement.may_edit, agreement.editors) == (1, False, ("Sekretaris",))
    secretary = office.services.starts.readiness(office.actor("sekretaris"), SOP, office.now)
    assert next(s for s in secretary.sources if s.register.id == "perjanjian_kinerja").may_edit


def test_the_first_step_says_which_register_it_waits_for_and_never_only_what_is_wrong(office):
    instance = office.start(year="2027")
    task = office.task(instance, "perintahkan_pengumpulan_data")
    page = office.services.tasks.open(office.actor("kepala.dinas"), task, office.now)
    entries = office.services.tasks.prefill(page)
    shown = office.services.tasks.fields(page, entries, (), INDONESIAN)
    assert [each.registers[0] for each in shown.unmet] == ["perjanjian_kinerja", "rencana_aksi"]


@pytest.mark.parametrize(
    ("starter", "account"),
    [("kepala.dinas", "kepala.dinas"), ("sekretaris", "sekretaris"), ("tim.sakip", "kepala.dinas")],
)
def test_who_may_start_a_procedure_may_take_a_start_back_while_nothing_was_issued(office, starter, account):
    instance = office.start(starter, year="2027")
    assert office.page(instance, account).may_terminate
    office.services.control.terminate(office.actor(account), instance, "Tahunnya salah", office.now)
    assert office.page(instance).record.status is InstanceStatus.TERMINATED


def test_once_a_document_was_issued_only_the_operator_stops_it(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    assert not office.page(instance, "kepala.dinas").may_terminate
    with pytest.raises(NotPermitted):
        office.services.control.terminate(office.actor("kepala.dinas"), instance, "Tidak jadi", office.now)
    assert office.page(instance, "operator").may_terminate
    office.services.control.terminate(office.actor("operator"), instance, "Tidak jadi", office.now)


@pytest.mark.parametrize("account", ["pemegang.data.1", "auditor", "perancang"])
def test_nobody_else_stops_an_instance(office, account):
    instance = office.start()
    with pytest.raises((NotPermitted, NotFound)):
        office.services.control.terminate(office.actor(account), instance, "Tidak jadi", office.now)
    assert office.page(instance).record.status is InstanceStatus.RUNNING


def test_a_register_that_nobody_defined_is_left_out(office):
    found = office.services.registers.sources(CONSOLE, ["tidak_ada", "indikator"], office.now.date())
    assert [source.register.id for source in found] == ["indikator"]


def test_a_step_that_a_procedure_does_not_have_is_not_found(office):
    found = office.services.deployments.process(SOP, office.now)
    assert step_of(found, "siapkan_data").number == 4
    with pytest.raises(NotFound):
        step_of(found, "tidak_ada")
