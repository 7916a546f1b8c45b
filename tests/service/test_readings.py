"""Who read what, on both databases: once an hour, however many processes ask at once; sign-ins on any database."""

import json
from threading import Thread

from sqlalchemy import select

from engine.model.history import Action, HistoryEvent
from engine.store.tables import history


def lines(office, account):
    query = select(history.c.action, history.c.change).where(history.c.stream == f"person:{account}")
    with office.database.read() as reader:
        found = reader.connection.execute(query.order_by(history.c.seq)).all()
    return [(action, json.loads(change)) for action, change in found if not action.startswith("membership")]


def test_two_hundred_readings_at_once_of_one_paper_are_one_line(office):
    note, deed = (
        office.services.readings.note,
        HistoryEvent(Action.DOCUMENT_READ, change={"document": "d", "version": 1}),
    )
    threads = [Thread(target=lambda: [note("sekretaris", deed, office.now) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line for line in lines(office, "sekretaris") if line[0] == "document:read"] == [
        ("document:read", {"document": "d", "version": 1})
    ]


def test_another_object_another_reader_and_another_hour_are_lines_of_their_own(office):
    note = office.services.readings.note
    for account in ("sekretaris", "auditor"):
        for document in ("a", "b", "a"):
            note(account, HistoryEvent(Action.DOCUMENT_READ, change={"document": document}), office.now)
    office.later(hours=1)
    note("auditor", HistoryEvent(Action.DOCUMENT_READ, change={"document": "a"}), office.now)
    note("siapa.pun", HistoryEvent(Action.DOCUMENT_READ, change={"document": "a"}), office.now)
    read = {
        a: [c["document"] for action, c in lines(office, a) if action == "document:read"]
        for a in ("sekretaris", "auditor", "siapa.pun")
    }
    assert read == {"sekretaris": ["a", "b"], "auditor": ["a", "b", "a"], "siapa.pun": []}
