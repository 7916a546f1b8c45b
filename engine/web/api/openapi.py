"""The API's description as OpenAPI 3.1, made from the routes, their models and their docstrings.

pydantic gives JSON Schema 2020-12, which is what OpenAPI 3.1 speaks; the rest is the shape of the document
(https://spec.openapis.org/oas/v3.1.0). Who may use an operation is read from the mark that is asked at each request.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engine import __version__
from engine.web.access import Access, access_of
from engine.web.api.operations import KEY_HEADER, Operation, operation_of

REF = "#/components/schemas/{model}"
PART = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
EVERY = (400, 401, 403, 503)
SAID = tomllib.loads(Path(__file__).with_name("openapi.toml").read_text(encoding="utf-8"))
PROBLEM = json.loads(Path(__file__).with_name("problem.schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Described:
    """One operation with where it is and who may use it."""

    method: str
    path: str
    name: str
    about: str
    operation: Operation
    access: Access
    parts: tuple[str, ...]


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document."""
    every = tuple(described(app))
    bodies = {model for each in every for model in (each.operation.body, each.operation.query) if model}
    answers = {each.operation.gives for each in every if each.operation.gives}
    modes: list[tuple[type[BaseModel], Any]] = [
        *((model, "validation") for model in sorted(bodies, key=lambda m: m.__name__)),
        *((model, "serialization") for model in sorted(answers, key=lambda m: m.__name__)),
    ]
    _, found = models_json_schema(modes, ref_template=REF)
    schemas: dict[str, Any] = found["$defs"]
    schemas["Problem"] = PROBLEM
    paths: dict[str, Any] = {}
    for each in every:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Alur",
            "version": __version__,
            "description": SAID["about"],
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.operation.tag for each in every)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of one's own."}},
        },
    }


def described(app: Flask) -> Iterator[Described]:
    """Yield every operation, in the order in which the document lists them."""
    order = list(app.view_functions)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: order.index(rule.endpoint)):
        view = app.view_functions.get(rule.endpoint)
        told = operation_of(view) if view else None
        access = access_of(view) if view else None
        if view is None or told is None or access is None:
            continue
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        path = PART.sub(r"{\1}", rule.rule)
        name = rule.endpoint.rpartition(".")[2]
        yield Described(method, path, name, view.__doc__ or "", told, access, tuple(PART.findall(rule.rule)))


def _operation(each: Described, schemas: dict[str, Any]) -> dict[str, Any]:
    told = each.operation
    summary, _, more = each.about.partition("\n\n")
    parameters: list[dict[str, Any]] = [
        {"name": part, "in": "path", "required": True, "schema": {"type": "string"}} for part in each.parts
    ]
    if told.query is not None:
        wanted = schemas[told.query.__name__]["properties"]
        parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in wanted.items()]
    if told.writes:
        schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
        parameters.append({"name": KEY_HEADER, "in": "header", "schema": schema})
    found: dict[str, Any] = {
        "operationId": each.name,
        "tags": [told.tag],
        "summary": _line(summary),
        "description": "\n\n".join(filter(None, (_line(more), _who(each)))),
        "security": [] if each.access.open else [{"token": [told.scope]}],
        "parameters": parameters,
        "responses": _responses(each),
    }
    if told.body is not None:
        content = {"application/json": {"schema": {"$ref": REF.format(model=told.body.__name__)}}}
        found["requestBody"] = {"required": True, "content": content}
    if told.files:
        file = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": file}}}
    return found


def _responses(each: Described) -> dict[str, Any]:
    told = each.operation
    success: dict[str, Any] = {"description": SAID["success"][str(told.status)]}
    if told.gives is not None:
        schema = {"$ref": REF.format(model=told.gives.__name__)}
        success["content"] = {told.media_type: {"schema": schema}}
    elif told.status == 200:
        success["content"] = {told.media_type: {}}
    if told.status == 201:
        success["headers"] = {"Location": {"schema": {"type": "string"}}}
    expected = {404} if told.unknown else set()
    if not each.access.open:
        expected |= set(EVERY)
    if told.body is not None:
        expected |= {413, 415, 422}
    if told.query is not None:
        expected.add(422)
    if told.files:
        expected.add(413)
    if told.writes:
        expected |= {409, 422}  # the key's
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    return {
        str(told.status): success,
        **{
            str(status): {"description": SAID["refused"][str(status)], "content": problem}
            for status in sorted(expected)
        },
    }


def _who(each: Described) -> str:
    if each.access.open:
        return "For anybody, without a token."
    roles = f"For {' and '.join(sorted(each.access.roles))}. " if each.access.roles else ""
    return f"{roles}Scope: `{each.operation.scope}`."


def _line(text: str) -> str:
    return " ".join(text.split())
