"""Rows are held to history: who edits them behind the program's back is found out, and destroys no proof."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine.store import tables
from tests.service import archiving
from tests.service.archiving import archived


@pytest.fixture
def bureau(staffed):
    """An office whose small procedure archives."""
    archiving.deploy(staffed)
    return staffed


def grow_old(office):
    """Let every kept file be two days old."""
    files = office.services.documents.files
    for name in files.names():
        at = (office.now - timedelta(days=2)).timestamp()
        os.utime(files.path(name), (at, at))


def test_a_file_that_history_names_is_not_swept_away_when_somebody_edits_its_row(bureau):
    archived(bureau)
    files = bureau.services.documents.files
    named = set(files.names())
    forgotten = files.put_bytes(b"yang tidak jadi dipakai", 100).sha256
    grow_old(bureau)
    with bureau.database.unguarded() as connection:
        for table in (tables.attachment, tables.rendering, tables.archive):
            connection.execute(update(table).values(sha256="0" * 64))
    assert bureau.services.documents.forget_staged(bureau.now) == 1
    assert set(files.names()) == named
    assert forgotten not in named
