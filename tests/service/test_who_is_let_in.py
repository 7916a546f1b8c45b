"""Every rule of who may, asked of the services themselves: whatever route or program leads to them, they decide.

One table names each method that is told who asks, and who gets further than its refusal. A method that is in no table
fails the last test here.
"""

import inspect
from datetime import date, timedelta

import pytest

from engine.cli import CONSOLE
from engine.model.errors import AlurError, NotFound, NotPermitted
from engine.model.people import Capacity
from engine.model.process import MessageKind
from engine.service.history.timelines import HistoryFilter
from engine.service.papers.letter_numbers import AgendaFilter
from engine.service.people.people_sheets import PeopleSheet
from engine.service.procedures.procedure import INDONESIAN
from engine.service.work.inbox import TaskFilter, TaskView
from engine.service.work.instances import InstanceFilter
from tests.databases import KINDS
from tests.office import SOP

DAY = date(2025, 4, 11)
WHY = "Alasan yang cukup."
NONE = "00000000-0000-0000-0000-000000000000"
CODE = {"jenis": ["zzz"], "kode": ["000.9"], "pola": ["{urut}"], "unit": ["DINAS"]}

LANES = {"kepala.dinas", "sekretaris", "tim.sakip", "pemegang.data.1"}
WATCH = {"perancang", "auditor", "operator"}
STARTERS = {"kepala.dinas", "sekretaris", "tim.sakip"}
AUDIT = {"auditor", "operator"}
OPERATOR = {"operator"}
AT_WORK = LANES | WATCH | {"tamu"}
EVERYBODY = AT_WORK | {"mantan"}


@pytest.fixture
def database_kind():
    """Who may is decided before any database is asked in its own way; the stories of services run on both."""
    return KINDS[0]


@pytest.fixture
def things(office):
    """An instance whose data holders are at work; a guest works in another lane, and one who did a step has left."""
    office.hire("mantan", "tim_sakip")
    office.hire("tamu", "lain")
    instance = office.start()
    for account, element in (
        ("kepala.dinas", "perintahkan_pengumpulan_data"),
        ("sekretaris", "siapkan_kertas_kerja"),
        ("mantan", "susun_jadwal"),
    ):
        done = office.do(account, instance, element)
    office.services.people.end_membership(
        office.actor("operator"), "mantan", "m-mantan-tim_sakip", DAY - timedelta(days=1), "Pindah.", office.now
    )
    other = office.start(period="II")  # its first step can be claimed
    definition = office.page(instance).record.definition_id
    return {
        "instance": instance,
        "done": done,
        "held": office.task(instance, "siapkan_data", "pemegang.data.1"),
        "free": office.task(other, "perintahkan_pengumpulan_data"),
        "definition": definition,
        "row": office.services.registers.page(CONSOLE, "kode_surat", DAY, INDONESIAN).rows[0].entry,
        "procedure": office.services.deployments.version(definition),
    }


def found(something):
    """What a list that leaves out what one may not see says: nothing found is no answer."""
    if not something:
        raise NotFound
    return something


READING = {  # a stranger gets no answer; nothing changes
    "checks.last": (AUDIT, lambda s, a, t, n: s.last(a)),
    "histories.of_instance": (LANES | WATCH, lambda s, a, t, n: s.of_instance(a, t["instance"], HistoryFilter())),
    "histories.lines": (LANES | WATCH, lambda s, a, t, n: s.lines(a, t["instance"], 0, 5)),
    "histories.export": (LANES | WATCH, lambda s, a, t, n: s.export(a, t["instance"], HistoryFilter(), n)),
    "histories.verify": (LANES | WATCH, lambda s, a, t, n: s.verify(a, t["instance"])),
    "histories.everything": (AUDIT, lambda s, a, t, n: s.everything(a, HistoryFilter())),
    "histories.of_person": (AUDIT | {"sekretaris"}, lambda s, a, t, n: s.of_person(a, "sekretaris")),
    "finding.find": (LANES | WATCH, lambda s, a, t, n: s.sweep(n) + len(found(s.find(a, "i").hits["instance"]))),
    "incidents.list": (AUDIT, lambda s, a, t, n: s.list(a)),
    "incidents.search": (AUDIT, lambda s, a, t, n: s.search(a, None, None, None, 5)),
    "starts.startable": (STARTERS, lambda s, a, t, n: found(s.startable(a))),
    "starts.readiness": (STARTERS, lambda s, a, t, n: s.readiness(a, SOP, n)),
    "starts.unmet": (STARTERS, lambda s, a, t, n: s.unmet(a, SOP, {}, n, INDONESIAN)),
    "starts.correctable": (STARTERS, lambda s, a, t, n: s.correctable(a, t["instance"])),
    "instances.list": (LANES | WATCH, lambda s, a, t, n: found(s.list(a, n).items)),
    "instances.search": (LANES | WATCH, lambda s, a, t, n: found(s.search(a, InstanceFilter(), 5, n)[0])),
    "instances.record": (LANES | WATCH, lambda s, a, t, n: s.record(a, t["instance"])),
    "instances.page": (LANES | WATCH, lambda s, a, t, n: s.page(a, t["instance"], n)),
    "accounts.sessions": (AUDIT | {"sekretaris"}, lambda s, a, t, n: s.sessions(a, "sekretaris", n)),
    "mail.setting": (AUDIT, lambda s, a, t, n: s.setting(a)),
    "mail.state": (AUDIT, lambda s, a, t, n: s.state(a, n)),
    "webhook.setting": (AUDIT, lambda s, a, t, n: found(s.setting(a))),
    "webhook.state": (AUDIT, lambda s, a, t, n: s.state(a, n)),
    "reminders.setting": (AUDIT, lambda s, a, t, n: found(s.setting(a))),
    "reaching.of": (AUDIT | {"sekretaris"}, lambda s, a, t, n: s.of(a, "sekretaris")),
    "messages.undelivered": (AUDIT, lambda s, a, t, n: s.undelivered(a)),
    "numbers.readable": (STARTERS | WATCH, lambda s, a, t, n: found(s.readable(a))),
    "numbers.series": (STARTERS | WATCH, lambda s, a, t, n: s.series(a)),
    "numbers.page": (STARTERS | WATCH, lambda s, a, t, n: s.page(a, "surat_keluar", 2025)),
    "numbers.agenda": (STARTERS | WATCH, lambda s, a, t, n: s.agenda(a, AgendaFilter(), 1)),
    "office.calendar_setting": (AUDIT, lambda s, a, t, n: s.calendar_setting(a)),
    "operations.health": (OPERATOR, lambda s, a, t, n: s.health(a, n)),
    "identities.of": (AUDIT, lambda s, a, t, n: s.of(a, "sekretaris")),
    "people_sheets.blank": (OPERATOR, lambda s, a, t, n: s.blank(a, n)),
    "people_sheets.look_at": (
        OPERATOR,
        lambda s, a, t, n: s.look_at(a, PeopleSheet(b"", WHY, False, INDONESIAN), n),
    ),
    "people.everyone": (WATCH, lambda s, a, t, n: s.everyone(a)),
    "absences.of": (AUDIT | {"sekretaris"}, lambda s, a, t, n: s.of(a, "sekretaris")),
    "absences.colleagues": (AUDIT | {"sekretaris"}, lambda s, a, t, n: s.colleagues(a, "sekretaris", n)),
    "people.person": (WATCH | {"sekretaris"}, lambda s, a, t, n: s.person(a, "sekretaris")),
    "people.open_tasks": (WATCH, lambda s, a, t, n: s.open_tasks(a, "sekretaris")),
    "people.proposals": (AUDIT, lambda s, a, t, n: s.proposals(a, n)),
    "registers.all": (AT_WORK, lambda s, a, t, n: found(s.all(a, DAY))),
    "registers.sources": (AT_WORK, lambda s, a, t, n: found(s.sources(a, ["kode_surat"], DAY))),
    "registers.page": (AT_WORK, lambda s, a, t, n: s.page(a, "kode_surat", DAY, INDONESIAN)),
    "registers.row": (AT_WORK, lambda s, a, t, n: s.row(a, "kode_surat", t["row"].id, DAY, INDONESIAN)),
    "registers.export": (AT_WORK, lambda s, a, t, n: s.export(a, "kode_surat", DAY, "csv", n)),
    "registers.new_row": (
        {"sekretaris", "perancang", "operator"},
        lambda s, a, t, n: s.new_row(a, "kode_surat", DAY),
    ),
    "registers.look_at": (
        {"sekretaris", "perancang", "operator"},
        lambda s, a, t, n: s.look_at(a, "kode_surat", b"", DAY, INDONESIAN),
    ),
    "reports.may_read": (WATCH | STARTERS, lambda s, a, t, n: found(s.may_read(a, t["procedure"]))),
    "reports.offered": (WATCH | STARTERS, lambda s, a, t, n: found(s.offered(a, SOP))),
    "inbox.page": (AT_WORK, lambda s, a, t, n: s.page(a, n)),
    "inbox.late": (AT_WORK, lambda s, a, t, n: s.late(a, n)),
    "inbox.chosen": ({"pemegang.data.1"}, lambda s, a, t, n: found(s.chosen(a, [t["held"]], n)[0])),
    "inbox.search": (WATCH, lambda s, a, t, n: s.search(a, "all", TaskFilter(), after=None, limit=5)[0]),
    "tasks.open": ({"pemegang.data.1"}, lambda s, a, t, n: s.open(a, t["held"], n)),
    "tasks.permit": ({"pemegang.data.1"}, lambda s, a, t, n: s.permit(a, t["held"])),
    "tasks.receipt": ({"tim.sakip"}, lambda s, a, t, n: s.receipt(a, t["done"], n)),
    "inbox.task": (WATCH, lambda s, a, t, n: s.task(a, t["held"])),
    "tasks.faults": ({"pemegang.data.1"}, lambda s, a, t, n: s.faults(a, t["held"], {}, INDONESIAN, n)),
    "deployments.file": (
        WATCH,
        lambda s, a, t, n: s.file(a, t["definition"], f"processes/{SOP}/functions.py"),
    ),
}
CHANGING = {  # who gets past the refusal; those who may are asked last, and may be told what else is wrong
    "identities.link": (OPERATOR, lambda s, a, t, n: s.link(a, "tim.sakip.2", "1", False, WHY, n)),
    "people_sheets.take": (OPERATOR, lambda s, a, t, n: s.take(a, PeopleSheet(b"", WHY, False, INDONESIAN), n)),
    "accounts.end_all": (OPERATOR, lambda s, a, t, n: s.end_all(a, "tim.sakip.2", WHY, n)),
    "accounts.issue_reset_code": (OPERATOR, lambda s, a, t, n: s.issue_reset_code(a, "tim.sakip.2", "Lupa sandi", n)),
    "accounts.ask_second_factor": (OPERATOR, lambda s, a, t, n: s.ask_second_factor(a, {"auditor"}, n)),
    "accounts.reset_second_factor": (OPERATOR, lambda s, a, t, n: s.reset_second_factor(a, "tim.sakip.2", WHY, n)),
    "deployments.deploy": ({"perancang"}, lambda s, a, t, n: s.deploy(a, "kosong", {}, "uji", n)),
    "deployments.confirm": (OPERATOR, lambda s, a, t, n: s.confirm(a, t["definition"], WHY, n)),
    "studio.deploy": ({"perancang"}, lambda s, a, t, n: s.deploy(a, "kosong", "", {}, "uji", n)),
    "incidents.retry": (OPERATOR, lambda s, a, t, n: s.retry(a, NONE, n)),
    "incidents.view": (AUDIT, lambda s, a, t, n: s.view(a, NONE)),
    "starts.start": (
        STARTERS,
        lambda s, a, t, n: s.start(a, SOP, {"tahun": ["2025"], "periode": ["III"]}, n),
    ),
    "numbers.agenda_file": (
        STARTERS | WATCH,
        lambda s, a, t, n: s.agenda_file(a, AgendaFilter(), "csv", {}, INDONESIAN, n),
    ),
    "control.comment": (LANES | OPERATOR, lambda s, a, t, n: s.comment(a, t["instance"], "Catatan.", n)),
    "starts.correct": (STARTERS, lambda s, a, t, n: s.correct(a, t["instance"], ["disposisi"], WHY, n)),
    "control.suspend": (OPERATOR, lambda s, a, t, n: s.suspend(a, t["instance"], WHY, n)),
    "control.resume": (OPERATOR, lambda s, a, t, n: s.resume(a, t["instance"], WHY, n)),
    "webhook.change": (OPERATOR, lambda s, a, t, n: s.change(a, s.setting(CONSOLE)[0], 0, n)),
    "webhook.renew": (OPERATOR, lambda s, a, t, n: s.renew(a, n)),
    "webhook.test": (OPERATOR, lambda s, a, t, n: s.test(a, n)),
    "webhook.again": (OPERATOR, lambda s, a, t, n: s.again(a, n)),
    "reminders.change": (OPERATOR, lambda s, a, t, n: s.change(a, {}, 0, n)),
    "mail.change": (OPERATOR, lambda s, a, t, n: s.change(a, s.setting(CONSOLE)[0], "", 0, n)),
    "mail.test": (OPERATOR, lambda s, a, t, n: s.test(a, "x@contoh.go.id", n)),
    "mail.again": (OPERATOR, lambda s, a, t, n: s.again(a, n)),
    "reaching.set_address": (OPERATOR, lambda s, a, t, n: s.set_address(a, "sekretaris", "", n, reason=WHY)),
    "messages.publish": (OPERATOR, lambda s, a, t, n: s.publish(a, "x", MessageKind.MESSAGE, {}, {}, n)),
    "numbers.move_on": (OPERATOR, lambda s, a, t, n: s.move_on(a, "surat_keluar", 2025, 90, WHY, n)),
    "office.change_calendar": (
        OPERATOR,
        lambda s, a, t, n: s.change_calendar(a, s.calendar_setting(CONSOLE)[0], 1, n),
    ),
    "people.add": (OPERATOR, lambda s, a, t, n: s.add(a, "baru", "Orang Baru", [], DAY, "", n)),
    "people.forget": (OPERATOR, lambda s, a, t, n: s.forget(a, "mantan", WHY, n)),
    "people.set_active": (OPERATOR, lambda s, a, t, n: s.set_active(a, "tim.sakip.2", False, "Mutasi", n)),
    "people.rename": (OPERATOR, lambda s, a, t, n: s.rename(a, "tim.sakip.2", "Nama Lain", "salah tulis", n)),
    "people.add_membership": (
        OPERATOR,
        lambda s, a, t, n: s.add_membership(
            a, "tim.sakip.2", "sekretaris", Capacity.DEFINITIVE, DAY, None, None, WHY, n
        ),
    ),
    "people.end_membership": (
        OPERATOR,
        lambda s, a, t, n: s.end_membership(a, "tim.sakip.2", "m-tim.sakip.2-tim_sakip", DAY, WHY, n),
    ),
    "checks.ask": (AUDIT, lambda s, a, t, n: s.ask(a, n)),
    "people.confirm": (AUDIT, lambda s, a, t, n: s.confirm(a, NONE, n)),
    "people.decline": (AUDIT, lambda s, a, t, n: s.decline(a, NONE, WHY, n)),
    "registers.add": ({"sekretaris", "perancang", "operator"}, lambda s, a, t, n: s.add(a, "kode_surat", CODE, DAY, n)),
    "registers.save": (
        {"sekretaris", "perancang", "operator"},
        lambda s, a, t, n: s.save(a, "kode_surat", t["row"].id, CODE, DAY, 9, n),
    ),
    "registers.end": (
        {"sekretaris", "perancang", "operator"},
        lambda s, a, t, n: s.end(a, "kode_surat", t["row"].id, DAY, 9, WHY, n),
    ),
    "registers.take_in": (
        {"sekretaris", "perancang", "operator"},
        lambda s, a, t, n: s.take_in(a, "kode_surat", b"", DAY, n),
    ),
    "registers.define": (set[str](), lambda s, a, t, n: s.define(a, "baru", {}, n)),
    "reports.make": (
        WATCH | STARTERS,
        lambda s, a, t, n: s.make(a, SOP, "tidak_ada", {}, "pdf", n),
    ),
    "assignments.reassign": (OPERATOR, lambda s, a, t, n: s.reassign(a, NONE, "sekretaris", WHY, n)),
    "assignments.reassign_element": (
        OPERATOR,
        lambda s, a, t, n: s.reassign_element(a, "tidak_ada", "tidak_ada", "sekretaris", WHY, n),
    ),
    "tasks.edit_rows": (
        {"pemegang.data.1"},
        lambda s, a, t, n: s.edit_rows(a, t["held"], {}, "tambah", "draft_laporan.baris", n, ()),
    ),
    "tasks.save_draft": ({"pemegang.data.1"}, lambda s, a, t, n: s.save_draft(a, t["held"], {}, n)),
    "tasks.complete": ({"pemegang.data.1"}, lambda s, a, t, n: s.complete(a, t["held"], {}, n)),
    "tasks.confirm": ({"pemegang.data.1"}, lambda s, a, t, n: s.confirm(a, t["held"], n)),
    "lists.make": ({"sekretaris"}, lambda s, a, t, n: s.make(a, "tasks.inbox", "", "", "sekretaris", n)),
    "assignments.hand_over": ({"kepala.dinas"}, lambda s, a, t, n: s.hand_over(a, t["free"], "kepala.dinas", WHY, n)),
    "assignments.claim": ({"kepala.dinas"}, lambda s, a, t, n: s.claim(a, t["free"], n)),
    "assignments.release": ({"kepala.dinas"}, lambda s, a, t, n: s.release(a, t["free"], n)),
    "assignments.extending": ({"sekretaris", "operator"}, lambda s, a, t, n: s.extending(a, t["held"], n)),
    "assignments.extend": ({"sekretaris", "operator"}, lambda s, a, t, n: s.extend(a, t["held"], None, WHY, n)),
    "absences.mark": (
        {"sekretaris", "operator"},
        lambda s, a, t, n: s.mark(a, "sekretaris", "tim.sakip", DAY, DAY, WHY, n),
    ),
    "absences.end": ({"sekretaris", "operator"}, lambda s, a, t, n: s.end(a, "sekretaris", NONE, n)),
    "taking_back.take_back": (set[str](), lambda s, a, t, n: s.take_back(a, t["done"], WHY, n)),  # who did it has left
    "control.terminate": (OPERATOR, lambda s, a, t, n: s.terminate(a, t["instance"], WHY, n)),
}
OWN = {  # of one's own account, token, draft: there is nothing of others to ask for
    *(f"accounts.{name}" for name in ("confirm", "sign_out_elsewhere", "end_session", "change_password")),
    *(f"accounts.{name}" for name in ("set_second_factor", "drop_second_factor", "set_locale")),
    *(f"tokens.{name}" for name in ("issue", "own", "revoke", "reserve", "keep", "free")),
    "inbox.count",
    *(f"lists.{name}" for name in ("offers", "find", "change")),  # only what offers and find show is changed
    "taking_back.may",  # of what one completed oneself
    *(f"reaching.{name}" for name in ("choose", "ask", "confirmed")),
    *(f"feeds.{name}" for name in ("has", "renew")),
    *(f"notices.{name}" for name in ("unread", "list", "open", "read_all", "unread_again")),
    *(f"tasks.{name}" for name in ("draft", "drop_draft", "restore_draft", "keep_entries")),
    *(f"studio.{name}" for name in ("drafts", "resume", "save_draft", "put_aside", "take_back")),
    "readings.admit_export",  # counts one's own
    "registers.take_kept",  # of a file that was looked at: take_in
}
TOLD_APART = {"approvals", "archives", "documents", "printing", "signing", "grids"}
"""Whose rules are about single documents and parts; their own tests walk them."""


def admitted(service, account, call, things, now, *, hides):
    """Whether somebody gets past the refusal; *hides*: to find nothing is a refusal too."""
    try:
        call(service, account, things, now)
    except NotPermitted:
        return False
    except NotFound as error:
        return not hides and error.args[0] != things["instance"]
    except AlurError:
        return True
    return True


@pytest.mark.parametrize("table", [READING, CHANGING], ids=["reading", "changing"])
def test_whoever_may_gets_an_answer_and_nobody_else(office, things, table):
    wrong = {}
    for name, (may, call) in table.items():
        service = getattr(office.services, name.partition(".")[0])
        order = sorted(EVERYBODY, key=lambda account: account in may)
        got = {
            account
            for account in order
            if admitted(service, office.actor(account), call, things, office.now, hides=table is READING)
        }
        if got != may:
            wrong[name] = {"too many": got - may, "too few": may - got}
    assert not wrong


def test_every_method_that_is_told_who_asks_stands_in_a_table(office):
    told = {
        f"{service}.{name}"
        for service, methods in vars(office.services).items()
        if service not in TOLD_APART
        for name, method in inspect.getmembers(methods, inspect.ismethod)
        if not name.startswith("_") and "actor" in inspect.signature(method).parameters
    }
    assert told == {*READING, *CHANGING, *OWN}


# ── one rule at a time ──────────────────────────────────────────────────────────────────────────────────────────────


def test_who_was_switched_off_meanwhile_works_no_more(office, things):
    before = office.actor("kepala.dinas")
    office.services.people.set_active(office.actor("operator"), "kepala.dinas", False, "Mutasi", office.now)
    with pytest.raises(NotPermitted) as refused:
        office.services.assignments.claim(before, things["free"], office.now)
    assert refused.value.reason == "inactive"


def test_what_a_stranger_typed_is_kept_for_nobody(office, things):
    tasks, typed = office.services.tasks, {"draft_laporan.catatan": ["teks"]}
    for account, kept in (("tamu", False), ("sekretaris", False), ("mantan", False), ("pemegang.data.1", True)):
        tasks.keep_entries(office.actor(account), things["held"], typed, office.now)
        try:
            found = bool(tasks.draft(office.actor(account), things["held"]))
        except NotFound:
            found = False
        assert found is kept, account


def test_a_personal_register_is_read_and_taken_along_by_its_readers_alone(office):
    office.fill_register("pegawai")
    at = office.services.registers
    for account in ("kepala.dinas", "pemegang.data.1"):
        assert "pegawai" not in {one.register.id for one in at.all(office.actor(account), DAY)}
        with pytest.raises(NotPermitted):
            at.page(office.actor(account), "pegawai", DAY, INDONESIAN)
        with pytest.raises(NotPermitted):
            at.export(office.actor(account), "pegawai", DAY, "csv", office.now)
    for account in ("tim.sakip", "sekretaris", "auditor", "operator", "perancang"):
        assert at.page(office.actor(account), "pegawai", DAY, INDONESIAN).total
        assert b"NIP" in at.export(office.actor(account), "pegawai", DAY, "csv", office.now)[1]


def test_the_second_page_of_an_inbox_goes_on_where_the_first_ended(office, monkeypatch):
    monkeypatch.setattr("engine.service.work.inbox.PAGE", 2)
    for period in ("I", "II", "III"):
        office.start(period=period)
    ask, head = office.services.inbox.page, office.actor("kepala.dinas")
    first = ask(head, office.now)
    second = ask(head, office.now, TaskView(place=first.page.after))
    again = ask(head, office.now, TaskView(place=second.page.before))
    shown = [[item.task.id for item in page.items] for page in (first, second, again)]
    assert [len(ids) for ids in shown] == [2, 1, 2]
    assert (first.page.before, second.page.after) == (None, None)
    assert shown[0] == shown[2]
    assert len({*shown[0], *shown[1]}) == 3


def test_a_terminated_instance_leaves_no_draft_of_a_document(office):
    instance = office.start()
    office.until_data(instance)
    office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    assert "draft" in {version.status.value for version in office.page(instance).all_documents}
    office.services.control.terminate(office.actor("operator"), instance, WHY, office.now)
    assert "draft" not in {version.status.value for version in office.page(instance).all_documents}
