"""A line stands where services write it: a deed in a stream that cannot have it is found, whatever its hash."""

import json
from datetime import date

import pytest
from sqlalchemy import insert, select, text, update

from engine.model.history import ACTIONS, Action
from engine.model.people import Capacity
from engine.model.testimony import MOST_GIVEN_BEFORE, PASSED_OVER
from engine.store import tables as t
from engine.store.history import OFFICE
from tests.service import test_rows_follow_history as rows
from tests.service.test_odd_values import begin_stream
from tests.service.test_rows_follow_history import behind_its_back, forge, found, of_status

office = rows.office
EVERYWHERE = {Action.CLOCK_SET_BACK}
IN_TWO = {Action.MESSAGE_SENT: {"instance", "office"}, Action.NUMBER_VOIDED: {"instance", "office"}}


def test_every_deed_stands_in_one_kind_of_stream_and_few_in_two():
    for action in Action:
        kinds = {kind for kind, deeds in ACTIONS.items() if action in deeds}
        if action not in EVERYWHERE:
            assert len(kinds) == 1 or kinds == IN_TWO[action], action


MISPLACED = [
    ("person:sekretaris", "task:completed", {"files": {}, "passed": [], "values": {"keputusan": "setuju"}}),
    ("person:sekretaris", "document:approved", {"document": "x", "data_object": "y"}),
    ("person:sekretaris", "comment:added", {"text": "Saya setuju."}),
    ("person:sekretaris", "setting:changed", {"section": "calendar", "new": {}}),
    ("person:sekretaris", "office:founded", {"installation": "x"}),
    ("office", "instance:completed", {}),
    ("office", "membership:added", {"new": {"role": "operator"}}),
    ("office", "document:read", {}),
    ("instance:", "password:changed", {}),
    ("instance:", "document:read", {}),
    ("instance:", "export:made", {}),
]


@pytest.mark.parametrize(("stream", "action", "change"), MISPLACED)
def test_a_deed_in_a_stream_that_cannot_have_it_is_named(office, stream, action, change):
    with behind_its_back(office) as connection:
        stream += of_status(connection, "suspended") if stream == "instance:" else ""
        forge(connection, stream, action=action, actor="kepala.dinas", name=None, change=json.dumps(change))
    [fault] = found(office)
    assert (fault.stream, fault.kind, fault.field) == (stream, "unreadable", "action")


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_a_line_of_an_instance_that_names_another_one_is_named(office, whose):
    with behind_its_back(office) as connection:
        instance = of_status(connection, "suspended")
        other = of_status(connection, "terminated") if whose == "another's" else None
        forge(connection, f"instance:{instance}", action="task:claimed", instance_id=other, change="{}")
    [fault] = found(office)
    assert (fault.stream, fault.field) == (f"instance:{instance}", "instance_id")


def test_a_line_of_a_person_that_names_an_instance_as_its_own_is_named(office):
    with behind_its_back(office) as connection:
        instance = of_status(connection, "suspended")
        forge(connection, "person:sekretaris", action="document:read", instance_id=instance, change="{}", name=None)
    [fault] = found(office)
    assert (fault.stream, fault.field) == ("person:sekretaris", "instance_id")


def test_an_instance_of_which_nothing_is_left_but_that_somebody_read_it_is_missed(office):
    gone = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    with behind_its_back(office) as connection:
        change = json.dumps({"instance": gone})
        forge(connection, "person:sekretaris", action="document:read", instance_id=None, change=change, name=None)
    [fault] = found(office)
    assert (fault.stream, fault.seq, fault.kind, fault.key) == (f"instance:{gone}", 0, "absent", "person:sekretaris")


STRANGERS = {
    "person:kepala.d\u0456nas": "document:read",
    "person:siluman": "session:opened",
    "register:hantu": "clock:set_back",
    "definition:hantu": "clock:set_back",
}


@pytest.mark.parametrize("stream", STRANGERS)
def test_a_stream_of_somebody_who_is_not_there_is_found(office, stream):
    action = STRANGERS[stream]
    change = {"before": ""} if action == "clock:set_back" else {}
    with behind_its_back(office) as connection:
        begin_stream(connection, stream, action=action, change=json.dumps(change), actor="kepala.dinas")
    [fault] = found(office)
    assert (fault.stream, fault.kind) == (stream, "orphan")


def test_numbers_of_an_instance_that_is_gone_do_not_pass_for_passed_over(office):
    with behind_its_back(office) as connection:
        sample = connection.execute(select(t.number)).first()._asdict()
        its = (t.number.c.series == sample["series"], t.number.c.year == sample["year"])
        last = max(connection.scalars(select(t.number.c.ordinal).where(*its))) + 1
        nobodys = {"ordinal": last, "text": str(last), "instance_id": None, "place": "", "subject": ""}
        connection.execute(insert(t.number), sample | nobodys | {"void_reason": PASSED_OVER})
        counted = (t.number_counter.c.series == sample["series"], t.number_counter.c.year == sample["year"])
        connection.execute(update(t.number_counter).where(*counted).values(last=last))
    [fault] = found(office)
    assert (fault.stream, fault.kind, fault.table) == (OFFICE, "untold", "number")
    assert fault.key.endswith(f" {last}")


def switched(value):
    """The same, with 1 for yes and yes for 1."""
    match value:
        case bool():
            return int(value)
        case 0 | 1:
            return bool(value)
        case dict():
            return {name: switched(each) for name, each in value.items()}
        case list():
            return [switched(each) for each in value]
    return value


def test_yes_in_the_place_of_one_is_found(office):
    with behind_its_back(office) as connection:
        for section, value in connection.execute(select(t.setting.c.section, t.setting.c.value)).all():
            assert json.dumps(switched(value)) != json.dumps(value)
            its = t.setting.c.section == section
            connection.execute(update(t.setting).where(its).values(value=switched(value)))
    [fault] = found(office)
    assert (fault.kind, fault.table, fault.field) == ("row", "setting", "value")
    assert fault.expected != fault.found


@pytest.mark.parametrize("column", ["document_id", "instance_id"])
def test_a_part_that_is_of_no_document_or_of_another_instance_is_found_whichever_it_is(office, column):
    part = t.document_part.c
    with office.database.read() as reader:
        parts = reader.connection.execute(select(part.document_id, part.item, part.instance_id)).all()
    for document, item, instance in parts:
        with behind_its_back(office) as connection:
            its = (part.document_id == document, part.item == item)
            connection.execute(update(t.document_part).where(*its).values({column: "lain"}))
        # the newest version misses its part first; an older one, whose content nobody shows, is lost alone
        assert {fault.table for fault in found(office)} & {"document", "document_part"}
        with behind_its_back(office) as connection:
            its = (part[column] == "lain", part.item == item)
            whose = {"document_id": document, "instance_id": instance}[column]
            connection.execute(update(t.document_part).where(*its).values({column: whose}))
        assert found(office) == ()


def test_a_row_that_stands_twice_where_lines_tell_of_it_once_is_found(office):
    with behind_its_back(office) as connection:
        [row] = connection.execute(select(t.comment)).mappings()
        connection.execute(insert(t.comment).values({**row, "id": "lain"}))
    [fault] = found(office)
    assert (fault.kind, fault.table) == ("untold", "comment")


def test_a_decree_that_is_none_is_no_text_that_says_so(office):
    office.gives("auditor", "cadangan", date(2025, 1, 1), None, Capacity.DEFINITIVE, None)
    assert found(office) == ()
    with behind_its_back(office) as connection:
        its = t.membership.c.person_id == "auditor"
        connection.execute(update(t.membership).where(its, t.membership.c.role == "cadangan").values(decree="∅"))
    assert {fault.table for fault in found(office)} == {"membership"}


def test_blanks_behind_a_comment_are_found(office):
    with behind_its_back(office) as connection:
        connection.execute(text("UPDATE comment SET text = text || ' \n '"))
    assert {fault.table for fault in found(office)} == {"comment"}


@pytest.mark.parametrize("again", [False, True])
def test_lines_that_ask_for_ever_more_memory_are_named(office, again):
    with behind_its_back(office) as connection:
        for at in range(2 if again else MOST_GIVEN_BEFORE // 10_000 + 1):
            first = 1 if again else 1 + at * 10_000
            change = {"first": first, "last": first + 9_999, "reason": "x", "series": "palsu", "year": 2025}
            forge(connection, OFFICE, action="number:voided", name=None, change=json.dumps(change))
    assert ("office", "unreadable", "change") in {(each.stream, each.kind, each.field) for each in found(office)}
