"""Response headers that keep a page from doing what it was not written to do.

The Content-Security-Policy allows no inline and no evaluated script or style; ``data:`` images are Tabler's own icons.
"""

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DIAGRAM_POLICY = POLICY + "; style-src-attr 'unsafe-inline'"
"""On the pages where bpmn-js draws: it positions its overlays by style attributes."""

DIAGRAM_ENDPOINTS = frozenset({"instances.diagram", "processes.diagram", "tasks.diagram", "studio.edit"})


def install(app: Flask) -> None:
    """Put the headers on every response."""
    app.after_request(protect)


def protect(response: Response) -> Response:
    """Set the headers; pages with people's data are kept by nobody's cache."""
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
        facts = {"method": request.method, "path": request.path, "who": who, "address": request.remote_addr}
        log.warning("refused", status=response.status_code, **facts)
    return response
