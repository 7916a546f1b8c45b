"""What a process compiles once and not for each test: pages, the addresses of routes, and SQL.

Every test has an application and a database of its own, and what those compile is the same each time: for pages it was
half of all the time. What is compiled, and from what, stays as it is.
"""

from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine
from werkzeug import routing

from engine.store import database


def spare() -> None:
    """Compile once from now on."""
    Flask.jinja_options = {"bytecode_cache": _Templates()}
    Flask.url_rule_class = _Rule
    database.create_engine = _Engines().make  # type: ignore[attr-defined]


class _Templates(BytecodeCache):
    """Keeps what Jinja makes of a template, by its place and its text."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


class _Rule(routing.Rule):
    """A route's address, which werkzeug makes a function of, with a syntax tree, each time it is registered."""

    _kept: dict[tuple[Any, ...], Any] = {}  # noqa: RUF012 - shared on purpose

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        key = (self.rule, tuple(self._trace), append_unknown)
        if self.defaults:
            return super()._compile_builder(append_unknown)
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


class _Engines:
    """Makes engines of SQLAlchemy that speak one dialect, by which it keeps what statements were compiled to."""

    def __init__(self) -> None:
        self._first: dict[str, Engine] = {}

    def make(self, url: Any, **options: Any) -> Engine:
        made = create_engine(url, query_cache_size=5000, **options)
        first = self._first.get(made.dialect.name)
        if first is None or first.dialect.server_version_info is None:  # which never met its server
            self._first[made.dialect.name] = made
        else:
            made.dialect = made.pool._dialect = first.dialect  # type: ignore[assignment]
            made._compiled_cache = first._compiled_cache
        return made
