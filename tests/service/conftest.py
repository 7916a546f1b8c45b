"""The office, at work on each kind of database."""

import pytest

from tests.office import OfficeAtWork
from tests.service.procedures import PEOPLE


@pytest.fixture
def office(database, data_dir):
    """An office with its SOP deployed and a person in every role."""
    return OfficeAtWork(database, data_dir).open()


@pytest.fixture
def staffed(office):
    """An office whose lanes Staf and Atasan have people."""
    for role, account in PEOPLE.items():
        office.hire(account, role)
    return office
