"""Small procedures of other shapes than the office's SOP, through the host: their lanes are Staf and Atasan."""

import json
from pathlib import Path

DIAGRAMS = Path(__file__).parents[1] / "bpmn" / "diagrams"
EMPTY = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "Kosong",
    "properties": {},
}


def form(**properties):
    return json.dumps(EMPTY | {"properties": properties}).encode()


def number(title):
    return {"type": "number", "title": title}


def text(title):
    return {"type": "string", "title": title}


def files(name, forms, change=lambda xml: xml):
    xml = change((DIAGRAMS / f"{name}.bpmn").read_text()).encode()
    schemas = {"mulai": form(), **forms}
    found = {f"processes/{name}/{name}.bpmn": xml}
    found |= {f"processes/{name}/{path.name}": path.read_bytes() for path in DIAGRAMS.glob(f"{name}*.dmn")}
    return found | {f"forms/{name}/{task}.schema.json": content for task, content in schemas.items()}


def deploy(office, name, forms, change=lambda xml: xml):
    content = files(name, forms, change)
    return office.services.deployments.deploy(office.actor("perancang"), name, content, "uji", office.now)


def start(office, name, **entries):
    typed = {path: [text] for path, text in entries.items()}
    return office.services.instances.start(office.actor("ann"), name, typed, office.now)
