"""One operation of the API: its body read and checked, its answer written, its key kept.

A view says what it takes and gives in models; from here come JSON in and out, every fault of a body at once with the
path of its field, and the ``Idempotency-Key``. ``openapi`` reads the same facts.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar, get_args

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ValidationError

from engine.model import bounds
from engine.model.errors import AlurError
from engine.service.people.api_tokens import Scope
from engine.web.access import Mark, access_of
from engine.web.api import problems
from engine.web.api.problems import Problem, beyond
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import gettext

OPERATION = "alur_operation"
KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
LONGEST_NUMBER = 120
EXACT_DIGITS = 15  # RFC 8259, 6: what a binary double holds
KEPT_HEADERS = ("Content-Type", "Location")
JSON = "application/json"
View = Callable[..., Any]
Request = TypeVar("Request", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation takes and gives, by its view's annotations."""

    tag: str
    scope: Scope  # that a token must have
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    gives: type[BaseModel] | None
    status: int
    writes: bool
    unknown: bool  # its path may name something that does not exist
    files: bool = False  # takes one file as multipart/form-data
    media_type: str = JSON


class Operations:
    """The operations of one noun; *tag* heads them in the document, *writing* is the scope of those that write."""

    def __init__(self, tag: str, writing: Scope) -> None:
        self.tag = tag
        self.writing = writing
        self._added: list[tuple[str, str, View]] = []

    def register(self, api: Blueprint) -> None:
        """Add them to the API."""
        for method, path, view in self._added:
            api.add_url_rule(path, view.__name__, view, methods=[method])

    def operation(
        self,
        method: str,
        path: str,
        who: Mark,
        *,
        scope: Scope | None = None,
        status: int = 200,
        writes: bool | None = None,
        unknown: bool | None = None,
        files: bool = False,
        media_type: str = JSON,
    ) -> Callable[[View], View]:
        """Add a view as an operation for *who* may use it, called with the parts of its path.

        What it takes as ``body`` and ``query`` and what it gives are as its annotations say.
        An operation writes unless it is a GET or says otherwise (a search is a POST that only reads); one that reads
        is in the scope of reading unless it says otherwise; one whose path names something may be asked of what is
        *unknown* unless it says otherwise.
        """
        changes = method != "GET" if writes is None else writes
        needs = scope or (self.writing if changes else Scope.READ)
        missing = "<" in path if unknown is None else unknown

        def add(view: View) -> View:
            said = view.__annotations__
            body, query = said.get("body"), said.get("query")
            given = next(iter(get_args(said["return"])), said["return"])  # (answer, headers)
            gives = given if isinstance(given, type) and issubclass(given, BaseModel) else None
            told = Operation(self.tag, needs, body, query, gives, status, changes, missing, files, media_type)

            @wraps(who(view))
            def answered(**parts: Any) -> Response:
                def run() -> Response:
                    if body is not None:
                        parts["body"] = read(body, _loaded())
                    if query is not None:
                        parts["query"] = read(query, request.args.to_dict())
                    return _written(view(**parts), told)

                access = access_of(view)
                if (access is None or not access.open) and told.scope not in g.scopes:
                    raise beyond(told.scope)
                return _once(run) if changes else run()

            setattr(answered, OPERATION, told)
            self._added.append((method, path, answered))
            return answered

        return add


def operation_of(view: View) -> Operation | None:
    """Return what *view* takes and gives if it is an operation."""
    return getattr(view, OPERATION, None)


def read(model: type[Request], sent: Any) -> Request:
    """Return what was sent as *model*; a Problem names every field that does not fit."""
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise problems.invalid([_fault(each) for each in error.errors(include_url=False)]) from None


def _loaded() -> Any:
    """Return the JSON of the request's body, with exact numbers; a missing body is an empty object."""
    sent = request.get_data()
    if not sent.strip():
        return {}
    if request.mimetype != JSON:
        raise Problem(415, "unsupported-media-type", gettext("Kirim isi permintaan sebagai application/json."))
    try:
        value = json.loads(
            sent.decode(),
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
        return _clean(value) if b"\\u" in sent else value
    except (ValueError, RecursionError) as error:
        place = f" ({error.msg}, {error.lineno}:{error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Problem(400, "bad-request", gettext("Isi permintaan bukan JSON yang benar") + f"{place}.") from None


def _number(text: str) -> Decimal:
    """Return a number with a fraction or an exponent; ValueError if no form could hold it, written out in digits."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError(text)
    return Decimal(bounds.admitted(Decimal(text)))


def _whole_number(text: str) -> int | Decimal:
    """Return a number without a fraction; one of more digits than other programs read exactly is no int of ours."""
    return int(text) if len(text) <= EXACT_DIGITS else _number(text)


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")  # RFC 8259, 4: whoever reads it would have to guess which
    return found


def _clean(value: Any) -> Any:
    """Return *value*; ValueError if a text holds NUL or half a surrogate pair, which only escapes can bring in."""
    match value:
        case str():
            if "\0" in value:
                raise ValueError("NUL")
            value.encode()  # UnicodeEncodeError is a ValueError
        case dict():
            for name, inner in value.items():
                _clean(name)
                _clean(inner)
        case list():
            for inner in value:
                _clean(inner)
    return value


def _fault(error: Any) -> tuple[str, str, str]:
    path = ".".join(str(part) for part in error["loc"])
    context = error.get("ctx", {})
    limit = next((context[name] for name in ("min_length", "max_length", "ge", "le") if name in context), None)
    short = gettext("terlalu pendek; paling sedikit %(n)s.", n=limit)
    long = gettext("terlalu panjang; paling banyak %(n)s.", n=limit)
    words = {
        "missing": gettext("wajib diisi."),
        "extra_forbidden": gettext("tidak dikenal di sini."),
        **{"string_too_short": short, "too_short": short, "string_too_long": long, "too_long": long},
        "literal_error": gettext("harus salah satu dari %(choices)s.", choices=context.get("expected")),
        "greater_than_equal": gettext("paling kecil %(n)s.", n=limit),
        "less_than_equal": gettext("paling besar %(n)s.", n=limit),
    }
    return path, error["type"], words.get(error["type"]) or gettext("jenis atau bentuknya tidak sesuai.")


def _written(given: Any, told: Operation) -> Response:
    """Return what a view gave as the answer: a model, (model, headers), nothing, or an answer of its own."""
    if isinstance(given, Response):
        return given
    headers: Mapping[str, str] = {}
    if isinstance(given, tuple):
        given, headers = given
    if given is None:
        return Response(status=told.status, headers=dict(headers))
    return Response(given.model_dump_json(), told.status, headers=dict(headers), mimetype=JSON)


# ── once, however often it is asked ─────────────────────────────────────────────────────────────────────────────────


def _once(run: Callable[[], Response]) -> Response:
    """Run a write once for each idempotency key; whoever repeats it is given the first answer again."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return run()
    if not KEY.fullmatch(key):
        message = gettext("1 sampai 200 karakter ASCII tanpa spasi.")
        raise problems.invalid([(KEY_HEADER, "pattern", message)])
    tokens = services().tokens
    kept = tokens.reserve(actor(), key, _fingerprint(), now())
    if kept is not None:
        return Response(kept.body, kept.status, headers={**kept.headers, "Idempotency-Replayed": "true"})
    try:
        response = run()
    except (AlurError, Problem):
        tokens.free(actor(), key, now())  # refused as a whole: nothing was done under this key
        raise
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    tokens.keep(actor(), key, response.status_code, headers, response.get_data(), now())
    return response


def _fingerprint() -> str:
    whole = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    whole.update(request.get_data())
    return whole.hexdigest()
