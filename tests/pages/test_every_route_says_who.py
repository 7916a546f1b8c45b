"""One test walks all routes: each says who may use it, lets in whom it says, and answers nobody with a fault."""

from datetime import date

import pytest
from sqlalchemy import func, select

from engine.model.people import OfficeRole
from engine.service.people.accounts import Retyped
from engine.service.procedures.procedure import INDONESIAN
from engine.store.tables import history, metadata
from engine.web.access import access_of
from tests.pages.conftest import PASSWORD
from tests.telling.office import swept

SAFE_POSTS = {"sign_in.open_session", "sign_in.sign_out", "sign_in.language", "sign_in.set_password"}
OTHER_DEEDS = {"people.set_active": "aktifkan", "people.settle": "tolak", "studio.move_draft": "sisihkan"}
OTHER_DEEDS |= {"lists.change": "hapus"}
OWN_POSTS = {"account.sign_out_elsewhere", "account.issue_token", "account.revoke_token"}
OWN_POSTS |= {"notices.drop_address", "notices.renew_feed"}


@pytest.fixture
def ids(office):
    """One of each thing that an address may name."""
    instance = office.start()
    office.until_data(instance)
    page = office.page(instance)
    task = office.task(instance, "siapkan_data", "pemegang.data.1")
    return {
        "instance_id": instance,
        "notification_id": _told(office),
        "sealed": "tidak-tersegel",
        "session_id": "0" * 64,
        "secret": office.services.feeds.renew(office.actor("sekretaris"), office.now),
        "task_id": task,
        "document_id": page.documents[0].id,
        "attachment_id": "00000000-0000-0000-0000-000000000000",
        "process_id": "pengumpulan_data_kinerja",
        "element_id": "susun_jadwal",
        "person_id": "sekretaris",
        "membership_id": "m-sekretaris-sekretaris",
        "absence_id": "00000000-0000-0000-0000-000000000000",
        "proposal_id": "00000000-0000-0000-0000-000000000000",
        "incident_id": "00000000-0000-0000-0000-000000000000",
        "token_id": office.services.tokens.issue(
            office.actor("sekretaris"), "uji", 30, ["read"], Retyped(PASSWORD, "-"), office.now
        )[0].id,
        "definition_id": page.record.definition_id,
        "path": "processes/pengumpulan_data_kinerja/pengumpulan_data_kinerja.bpmn",
        "deed": "tangguhkan",
        "series": "surat_keluar",
        "year": 2025,
        "register_id": "kode_surat",
        "entry_id": _a_row(office),
        "kind": "csv",
        "ending": "pdf",
        "code": _a_code(office, page),
        "data_object_id": "draft_laporan",
        "report_id": "pemantauan",
        "signature_id": "00000000-0000-0000-0000-000000000000",
        "table": "draft_laporan.baris",
        "of": "tasks",
        "filter_id": "00000000-0000-0000-0000-000000000000",
        "chapter": "pegawai",
    }


def _told(office):
    """Something that the secretary was told."""
    swept(office)
    found, _ = office.services.notices.list(office.actor("sekretaris"))
    return found[0].notice.id


def _a_code(office, page):
    """The code of a paper that was printed."""
    letter = next(each for each in page.documents if each.data_object_id == "undangan")
    office.services.printing.make(letter.id, office.now)
    printed = office.services.printing.files_of(office.actor("auditor"), letter.id)
    return next(one.rendering.code for one in printed if one.rendering.format == "pdf")


def _a_row(office):
    page = office.services.registers.page(office.actor("auditor"), "kode_surat", date(2025, 4, 11), INDONESIAN)
    return page.rows[0].entry.id


def routes(app, method):
    """The routes of pages; what programs ask is walked in tests/api."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static" and not rule.endpoint.startswith("api.") and method in rule.methods:
            yield rule


def address(app, rule, ids):
    values = {name: ids[name] for name in rule.arguments}
    if rule.endpoint in OTHER_DEEDS:
        values["deed"] = OTHER_DEEDS[rule.endpoint]
    with app.test_request_context():
        return app.url_map.bind("localhost").build(
            rule.endpoint, values, method=next(iter(rule.methods - {"HEAD", "OPTIONS"}))
        )


def test_every_route_says_who_may_use_it(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    assert not [rule.rule for rule in rules if access_of(app.view_functions[rule.endpoint]) is None]


def test_without_signing_in_nothing_but_the_open_pages_answers(app, browse, ids):
    stranger = browse()
    for rule in routes(app, "GET"):
        answer = stranger.get(address(app, rule, ids))
        if access_of(app.view_functions[rule.endpoint]).open:
            assert answer.status_code in (200, 303), rule.rule
        else:
            assert answer.status_code == 303, rule.rule
            assert answer.headers["Location"].startswith("/masuk"), rule.rule


@pytest.mark.parametrize("account", ["kepala.dinas", "pemegang.data.1", "perancang", "auditor", "operator"])
def test_everybody_gets_the_pages_of_their_roles_and_no_others_and_nobody_a_fault(app, browse, office, ids, account):
    browser, roles = browse(account), office.actor(account).roles
    for rule in routes(app, "GET"):
        access = access_of(app.view_functions[rule.endpoint])
        with browser.get(address(app, rule, ids)) as answer:  # a paper is a file that somebody has to close
            status = answer.status_code
        assert status < 500, f"{account}: {rule.rule}"
        if not access.admits(roles):
            assert status == 403, f"{account}: {rule.rule}"
        elif access.roles:
            assert status != 403, f"{account}: {rule.rule}"


def test_who_works_in_no_role_any_more_reads_nothing_but_their_own_account(app, browse, office, ids):
    office.services.people.end_membership(
        office.actor("operator"), "tim.sakip.2", "m-tim.sakip.2-tim_sakip", date(2025, 4, 10), "Pindah.", office.now
    )
    browser = browse("tim.sakip.2")
    for rule in routes(app, "GET"):
        access = access_of(app.view_functions[rule.endpoint])
        with browser.get(address(app, rule, ids)) as answer:
            assert access.open or access.personal or answer.status_code == 403, rule.rule
    landed = browser.get("/", follow_redirects=True)
    assert landed.request.path == "/akun"
    assert "tidak bekerja dalam jalur atau peran mana pun" in landed.text
    assert browser.get("/register").status_code == 403


def everything(database):
    """How many rows every table of record holds; that something was refused, or lists of people seen, is no change."""
    told = history.c.action.in_(("attempt:refused", "document:read", "file:read", "person:read"))
    with database.read() as reader:
        return {
            table.name: reader.connection.scalar(
                select(func.count()).select_from(table).where(*[~told] * (table is history))
            )
            for table in metadata.sorted_tables
            if table.info.get("history") or table.info.get("history_line")
        }


@pytest.mark.parametrize("account", ["auditor", "perancang"])
def test_who_only_reads_changes_nothing_whatever_they_post(app, browse, office, ids, account):
    browser = browse(account)
    before = everything(office.database)
    for rule in routes(app, "POST"):
        if rule.endpoint in SAFE_POSTS | OWN_POSTS or access_of(app.view_functions[rule.endpoint]).button:
            continue
        data = {"alasan": "alasan yang cukup", "peran": "sekretaris", "catatan": "teks", "kepada": "sekretaris"}
        answer = browser.post(address(app, rule, ids), data)
        assert 400 <= answer.status_code < 500 or answer.status_code == 303, f"{rule.rule}: {answer.status_code}"
    assert everything(office.database) == before


def test_office_roles_are_never_lane_roles(office):
    lanes = {lane.role for procedure in office.services.deployments.all() for lane in procedure.outline.lanes}
    assert not lanes & set(OfficeRole)


def test_every_page_carries_the_policy_and_is_kept_by_no_cache(app, browse, ids):
    browser = browse("kepala.dinas")
    for rule in routes(app, "GET"):
        with browser.get(address(app, rule, ids)) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe-eval" not in policy
        assert "script-src 'self'" in policy or policy.startswith("sandbox"), rule.rule
        assert "unsafe-inline" not in policy.split("style-src-attr")[0], rule.rule
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in headers["Cache-Control"], rule.rule
