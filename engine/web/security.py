"""Response headers that keep a page from doing what it was not written to do.

The Content-Security-Policy allows no inline and no evaluated script or style; ``data:`` is an icon, ``blob:`` a file
that somebody chose and looks at before it is sent.
"""

from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

log = structlog.get_logger(__name__)
SECRETS = {"secret", "sealed"}  # parts of addresses by whose knowledge somebody is let in

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "frame-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
DIAGRAM_POLICY = POLICY + "; style-src-attr 'unsafe-inline'"
"""On the pages where bpmn-js draws: it positions its overlays by style attributes."""

DIAGRAM_ENDPOINTS = frozenset({"instances.diagram", "processes.diagram", "tasks.diagram", "studio.edit"})


def install(app: Flask) -> None:
    """Put the headers on every response."""
    app.after_request(protect)


def protect(response: Response) -> Response:
    """Set the headers and log refusals; no cache keeps a page."""
    policy = DIAGRAM_POLICY if request.endpoint in DIAGRAM_ENDPOINTS else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code in (401, 403, 429):
        who = g.actor.person_id if g.get("actor") else None
        facts = {"method": request.method, "path": _without_secrets(request.path), "who": who}
        facts["address"] = request.remote_addr
        log.warning("refused", status=response.status_code, **facts)
    return response


def _without_secrets(path: str) -> str:
    """Return a path as the log may hold it: what opens something to whoever reads it is left out."""
    for name in SECRETS & (request.view_args or {}).keys():
        path = path.replace(str((request.view_args or {})[name]), "…")
    return path


class TrustedProxy:
    """Believes forwarded headers only when the request came from a trusted proxy's address."""

    def __init__(self, application: Any, addresses: tuple[str, ...]) -> None:
        self._plain = application
        self._behind = ProxyFix(application, x_for=1, x_proto=1, x_host=1)
        self._addresses = frozenset(addresses)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""
        trusted = environ.get("REMOTE_ADDR") in self._addresses
        return (self._behind if trusted else self._plain)(environ, start_response)
