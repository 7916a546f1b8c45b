"""The office, at work on each kind of database."""

import pytest

from tests.service.procedures import PEOPLE


@pytest.fixture
def office(open_office):
    """An office with its SOP deployed and a person in every role."""
    return open_office


@pytest.fixture
def staffed(office):
    """An office whose lanes Staf and Atasan have people."""
    for role, account in PEOPLE.items():
        office.hire(account, role)
    return office
