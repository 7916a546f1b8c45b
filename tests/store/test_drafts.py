"""Drafts, as the table keeps them: one of each subject for a person, and beside it what was put aside."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.model.errors import Conflict
from engine.model.work import DraftKind
from engine.store import schema
from engine.store.database import open_database
from engine.store.files import TooLarge
from engine.store.queries import drafts
from engine.store.queries.drafts import Whose
from engine.store.schema import check_schema, migrate
from engine.store.triggers import create_triggers

TASK, STUDIO = DraftKind.TASK, DraftKind.STUDIO


@pytest.fixture
def save(database, actor, now):
    """Save a draft of task "t" as "ani", a minute later each time."""
    clock = iter(range(1000))

    def save(content, *args, **more):
        with database.write(actor, now + timedelta(minutes=next(clock))) as work:
            whose = Whose(more.pop("kind", TASK), "t", more.pop("who", "ani"))
            return drafts.save(work, whose, content, **more)

    return save


@pytest.fixture
def do(database, actor, now):
    """Run one query that writes."""

    def do(query, *args, at=now):
        with database.write(actor, at) as work:
            return query(work, *args)

    return do


def held(database, who="ani", kind=TASK):
    with database.read() as reader:
        found = drafts.of(reader, Whose(kind, "t", who))
    return found and found.content


def test_who_saves_over_what_another_device_saved_is_told_when(save, database):
    first = save({"a": ["1"]}, revision=0)
    second = save({"a": ["2"]}, revision=first.revision)
    with pytest.raises(Conflict) as told:
        save({"a": ["3"]}, revision=first.revision)
    assert (told.value.reason, told.value.at, told.value.facts["revision"]) == ("draft", second.saved_at, 2)
    assert held(database) == {"a": ["2"]}


def test_a_tab_whose_answer_was_lost_goes_on_and_the_same_text_is_never_a_conflict(save, database):
    save({"a": ["1"]}, revision=0, writer="tab")
    save({"a": ["2"]}, revision=0, writer="tab")
    assert save({"a": ["2"]}, revision=0, writer="another").revision == 2
    with pytest.raises(Conflict):
        save({"a": ["3"]}, revision=1, writer="another")


def test_what_was_put_aside_is_taken_up_again_and_the_other_is_put_aside(save, do, database, now):
    save({"a": ["first"]})
    do(drafts.drop, Whose(TASK, "t", "ani"))
    assert held(database) is None
    newer = save({"a": ["second"]})
    with database.read() as reader:
        aside = drafts.aside(reader, Whose(TASK, "t", "ani"))
    assert do(drafts.restore, aside).revision > newer.revision
    assert held(database) == {"a": ["first"]}
    with database.read() as reader:
        assert drafts.aside(reader, Whose(TASK, "t", "ani")).content == {"a": ["second"]}


def test_who_chooses_their_own_version_keeps_the_other_beside(save, database):
    save({"a": ["theirs"]}, revision=0, writer="phone")
    assert save({"a": ["mine"]}, revision=0, writer="desk", over=True).revision == 2
    with database.read() as reader:
        assert drafts.aside(reader, Whose(TASK, "t", "ani")).content == {"a": ["theirs"]}
    save({"a": ["mine, longer"]}, revision=2, over=True)
    with database.read() as reader:
        assert drafts.aside(reader, Whose(TASK, "t", "ani")).content == {"a": ["theirs"]}, "nobody else saved meanwhile"


def test_what_nobody_takes_up_again_is_forgotten_and_what_lives_is_not(save, do, database, now):
    save({"a": ["1"]})
    do(drafts.drop, Whose(TASK, "t", "ani"))
    save({"a": ["2"]})
    do(drafts.forget_dropped, now + timedelta(days=1))
    with database.read() as reader:
        assert drafts.aside(reader, Whose(TASK, "t", "ani")) is None
    assert held(database) == {"a": ["2"]}


def test_a_draft_that_is_handed_over_leaves_its_giver_and_keeps_what_the_receiver_had_beside(save, do, database, now):
    save({"a": ["ani's"]})
    save({"a": ["budi's"]}, who="budi")
    assert do(drafts.hand_over, Whose(TASK, "t", "ani"), "budi").content == {"a": ["ani's"]}
    assert (held(database), held(database, "budi")) == (None, {"a": ["ani's"]})
    with database.read() as reader:
        assert drafts.aside(reader, Whose(TASK, "t", "budi")).content == {"a": ["budi's"]}


def test_drafts_of_the_studio_stand_beside_those_of_forms_and_know_their_base(save, do, database, now):
    save({"a": ["1"]})
    save({"files": {"t.bpmn": "<xml/>"}}, kind=STUDIO, base="3")
    with database.read() as reader:
        [found] = drafts.of_person(reader, STUDIO, "ani")
    assert (found.base, found.content) == ("3", {"files": {"t.bpmn": "<xml/>"}})
    do(drafts.forget, Whose(STUDIO, "t", "ani"))
    assert (held(database), held(database, kind=STUDIO)) == ({"a": ["1"]}, None)


def test_a_draft_beyond_all_measure_is_refused(save, monkeypatch):
    monkeypatch.setattr(drafts, "LARGEST", 100)
    with pytest.raises(TooLarge):
        save({"a": ["x" * 200]})


def test_a_database_of_the_version_before_keeps_its_drafts(empty_database_url, data_dir, now):
    database = open_database(empty_database_url, data_dir)
    with database.unguarded(foreign_keys=False) as connection:
        schema.upgrade(connection, "0005")
        create_triggers(connection)
        connection.execute(
            text("INSERT INTO draft VALUES ('t', 'ani', 'i', 7, :entries, :at)"),
            {"entries": json.dumps({"a": ["1", "dua"]}), "at": now if database.dialect != "sqlite" else str(now)[:19]},
        )
    migrate(database)
    check_schema(database)
    with database.read() as reader:
        found = drafts.of(reader, Whose(TASK, "t", "ani"))
    assert (found.content, found.revision, found.saved_at) == ({"a": ["1", "dua"]}, 7, now.replace(microsecond=0))
    database.close()


def test_of_what_was_put_aside_the_newest_five_are_kept(save, do, database, now):
    save({"a": ["9"]}, who="budi")
    do(drafts.drop, Whose(TASK, "t", "budi"))
    for n in range(9):
        save({"a": [str(n)]})
        do(drafts.drop, Whose(TASK, "t", "ani"), at=now + timedelta(hours=n + 1))
    with database.read() as reader:
        kept = reader.connection.execute(text("SELECT content FROM draft ORDER BY dropped_at")).scalars()
        assert ["".join(sign for sign in str(each) if sign.isdigit()) for each in kept] == list("945678")
        aside = drafts.aside(reader, Whose(TASK, "t", "ani"))
    do(drafts.restore, aside, at=now + timedelta(days=1))
    assert held(database) == {"a": ["8"]}
