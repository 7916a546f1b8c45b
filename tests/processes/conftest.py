"""Procedures of the office as its people meet them, on pages too."""

from tests.pages.conftest import app, browse, database_kind, office  # noqa: F401 - fixtures
