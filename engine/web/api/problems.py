"""Errors for programs: problem+json (RFC 9457), with the field that is wrong and the facts of a conflict.

``type`` is a URN that says the kind; ``reason`` tells conflicts and refusals apart (``claimed``, ``lane`` …);
``detail`` is for people, in the language that they asked for.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException

from engine.model.errors import (
    Busy,
    Conflict,
    Damaged,
    FieldError,
    FunctionFailed,
    InvalidForm,
    InvalidProcedure,
    NotFound,
    NotPermitted,
    NotReady,
    SetupError,
)
from engine.service.people.api_tokens import Scope, TokenRefused
from engine.web import errors
from engine.web.texts import gettext

log = structlog.get_logger(__name__)
API = "/api/"
MEDIA_TYPE = "application/problem+json"
OTHER_BODY = "key_reused"
KINDS = {  # what HTTP itself may answer, by status
    400: "bad-request",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    411: "length-required",
    413: "too-large",
    415: "unsupported-media-type",
}


class Problem(Exception):
    """A request that cannot be done: its status, its kind, and what is wrong in the reader's words."""

    def __init__(self, status: int, kind: str, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.facts = facts


def answer_of(error: Exception) -> Response | None:
    """Return the problem that answers a program's request; None if it was a person's."""
    return of(error) if request.path.startswith(API) else None


def of(error: Exception) -> Response:
    """Return an error as a problem."""
    match error:
        case Problem():
            return problem(error.status, error.kind, error.detail, **error.facts)
        case TokenRefused():
            return _refused(error)
        case NotFound():
            return problem(404, "not-found", gettext("Tidak ada, atau bukan untuk Anda."))
        case NotPermitted():
            return problem(403, "not-permitted", errors.words_of(error), reason=error.reason)
        case Conflict():
            return _conflict(error)
        case InvalidForm():
            detail = gettext("Ada isian yang perlu diperbaiki.")
            return problem(422, "invalid-form", detail, errors=[_field(each) for each in error.errors])
        case InvalidProcedure():
            detail = gettext("Prosedur ini tidak dapat dipasang; lihat setiap temuan.")
            return problem(422, "invalid-procedure", detail, findings=[asdict(each) for each in error.findings])
        case NotReady():
            missing = [{"kind": kind, "id": id_, "name": name} for kind, id_, name in error.missing]
            detail = gettext("Pelaksanaan belum dapat dimulai: ada jalur tanpa orang yang aktif.")
            return problem(409, "not-ready", detail, missing=missing)
        case FunctionFailed():
            return problem(503, "function-failed", errors.words_of(error))
        case Damaged():
            return problem(503, "damaged", errors.words_of(error))
        case Busy():
            return problem(503, "busy", errors.words_of(error), headers={"Retry-After": "1"})
        case SetupError():
            return problem(503, "unavailable", errors.words_of(error), headers={"Retry-After": "60"})
        case HTTPException() if error.code is not None and 400 <= error.code < 500:
            return _of_http(error, error.code)
    number = errors.numbered(error)
    detail = gettext("Gangguan sistem %(number)s sudah tercatat. Sebutkan nomor itu kepada operator.", number=number)
    return problem(500, "fault", detail, number=number)


def invalid(found: Sequence[tuple[str, str, str]]) -> Problem:
    """Return the problem of a request whose fields (path, code, message) are wrong."""
    listed = [{"field": path, "code": code, "message": message} for path, code, message in found]
    return Problem(422, "invalid-request", gettext("Isi permintaan tidak sesuai."), errors=listed)


def beyond(scope: Scope) -> Problem:
    """Return the problem of a token that may not do this (RFC 6750, 3.1)."""
    challenge = f'Bearer realm="alur", error="insufficient_scope", scope="{scope}"'
    detail = gettext("Token ini tidak mencakup %(scope)s. Terbitkan token dengan cakupan itu.", scope=scope.value)
    return Problem(403, "insufficient-scope", detail, headers={"WWW-Authenticate": challenge}, scope=scope)


def problem(status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **facts: Any) -> Response:
    """Return a problem as the answer to a request."""
    body = {
        "type": f"urn:alur:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **{name: value for name, value in facts.items() if value is not None},
    }
    text = json.dumps(body, ensure_ascii=False, default=_plain)
    return Response(text, status, headers=dict(headers or {}), mimetype=MEDIA_TYPE)


def _field(error: FieldError) -> dict[str, Any]:
    if error.keyword == "kelengkapan":
        message = gettext("%(name)s belum ada; langkah belum dapat diselesaikan.", name=error.label)
        return {"field": error.message, "code": "missing_input", "message": message}
    if error.keyword == "pending":
        message = gettext("%(name)s belum disetujui %(lane)s.", name=error.label, lane=error.message)
        return {"field": "", "code": "unapproved_input", "message": message}
    found: dict[str, Any] = {"field": error.path, "code": error.keyword or "invalid", "message": error.message}
    if error.choices:
        found["choices"] = [{"value": value, "label": label} for value, label in error.choices]
    return found


def _conflict(error: Conflict) -> Response:
    facts = {name: error.facts[name] for name in ("instance_id", "title", "version") if name in error.facts}
    status, kind = (422, "key-reused") if error.reason == OTHER_BODY else (409, "conflict")
    detail = errors.conflict_words(error)
    return problem(status, kind, detail, reason=error.reason, who=error.who, at=error.at, **facts)


def _refused(error: TokenRefused) -> Response:
    """Ask for a token (RFC 6750, section 3), and say why the one that was shown opens nothing."""
    words = {
        "missing": gettext("Tunjukkan token: Authorization: Bearer alur_…. Token diterbitkan di halaman Akun saya."),
        "expired": gettext("Masa berlaku token ini sudah berakhir."),
        "revoked": gettext("Token ini sudah dicabut."),
        "inactive": gettext("Akun pemilik token ini tidak aktif."),
        "password": gettext("Pemilik token ini harus mengganti sandinya dahulu."),
        "second_factor": gettext("Pemilik token ini harus memasang kode masuk di akunnya dahulu."),
    }
    challenge = 'Bearer realm="alur"' + ("" if error.reason == "missing" else ', error="invalid_token"')
    detail = words.get(error.reason) or gettext("Token ini tidak dikenal.")
    return problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge}, reason=error.reason)


def _of_http(error: HTTPException, status: int) -> Response:
    words = {
        404: gettext("Alamat ini tidak ada."),
        405: gettext("Alamat ini tidak melayani %(method)s.", method=request.method),
        411: gettext("Kirim panjang isi permintaan (Content-Length)."),
        413: gettext("Permintaan ini terlalu besar."),
        415: gettext("Kirim isi permintaan sebagai application/json."),
    }
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    detail = words.get(status) or gettext("Permintaan ini tidak dapat dibaca.")
    return problem(status, KINDS.get(status, "bad-request"), detail, headers=headers)


def _plain(value: Any) -> str:
    return instant(value) if isinstance(value, datetime) else str(value)


def instant(at: datetime) -> str:
    """Return an instant as every answer of the API writes it: RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
