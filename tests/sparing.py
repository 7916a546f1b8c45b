"""What a process compiles or reads once and not for each test: pages, addresses of routes, SQL, and translations.

Every test has an application and a database of its own, and what those compile is the same each time: for pages it was
half of all the time. What is compiled, and from what, stays as it is.
"""

from collections.abc import Callable
from typing import Any

import flask_babel
from flask import Flask
from flask.globals import app_ctx
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine
from werkzeug import routing

from engine.store import database


def spare() -> None:
    """Compile once from now on."""
    Flask.jinja_options = {"bytecode_cache": _Templates()}
    Flask.url_rule_class = _Rule
    database.create_engine = _Engines().make  # type: ignore[attr-defined]
    flask_babel.get_translations = _Translations(flask_babel.get_translations).find


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


class _Translations:
    """Finds what a page's texts are translated by: Flask-Babel asks five proxies for it at each text of each page."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find, self._kept = find, dict[str, Any]()

    def find(self) -> Any:
        about = app_ctx.g.__dict__.get("_flask_babel") if app_ctx else None
        locale = getattr(about, "babel_locale", None)
        if locale is None:
            return self._find()
        if locale.language not in self._kept:
            self._kept[locale.language] = self._find()
        return self._kept[locale.language]
