"""The office, at work on each kind of database."""

import pytest

from tests.office import OfficeAtWork


@pytest.fixture
def office(database, data_dir):
    """An office with its SOP deployed and a person in every role."""
    return OfficeAtWork(database, data_dir).open()
