"""The API ``/api/v1``: everything that pages can do with processes, for programs.

Its conventions: nouns of BPMN in the path, a POST to a noun for a deed (``/tasks/{id}/completion``), searches with a
body and a cursor, errors as problem+json (RFC 9457) that name the field, 409 for whoever was slower, an
``Idempotency-Key`` on every write, a ``reason`` on administrative ones. A program asks the same services as pages, so
that permission, validation, history and the revision check are the same.

Programs show a bearer token (RFC 6750) and nothing else: cookies do not count, so that no page of another site can ask
in somebody's name and no CSRF token is needed.

Request bodies and answers are pydantic models, from which the OpenAPI 3.1 document is made (``openapi``). APIFlask was
weighed: it replaces Flask's class, wants every page marked as no operation and words errors its own way.
Flask-OpenAPI3 replaces Flask's class too. What is left to write is the hundred lines that put models and routes into
one document.
"""

from flask import Blueprint, Flask
from flask_wtf import CSRFProtect

from engine.web.api import absences, definitions, incidents, instances, messages, reference, tasks

PREFIX = "/api/v1"
MODULES = (reference, tasks, instances, definitions, messages, incidents, absences)


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Add the API to the application."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    for module in MODULES:
        module.operations.register(api)
    csrf.exempt(api)
    app.register_blueprint(api)
