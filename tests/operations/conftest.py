"""Installations of Alur that are started as processes and leave none behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.operations.harness import Installation


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Make installations with data folders of their own."""
    made: list[Installation] = []

    def one(name: str = "data", **facts: object) -> Installation:
        made.append(Installation(tmp_path / name, **facts))
        return made[-1]

    yield one
    for installation in made:
        installation.end()


@pytest.fixture
def installation(install) -> Installation:
    """An office on SQLite whose people know their password."""
    made = install()
    made.prepare()
    return made


@pytest.fixture
def on_each_database(install, empty_database_url) -> Installation:
    """An office on each kind of database whose people know their password."""
    made = install(url=empty_database_url)
    made.prepare()
    return made


@pytest.fixture
def postgresql_url(postgresql_server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgresql_server.empty() as url:
        yield url
