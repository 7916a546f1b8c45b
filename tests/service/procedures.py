"""Small procedures of other shapes than the office's SOP, through the host: their lanes are Staf and Atasan."""

import json
from datetime import timedelta
from pathlib import Path

from engine.app import build_services
from engine.model.process import InstanceStatus, MessageKind
from engine.service.history.timelines import HistoryFilter
from engine.service.procedures.procedure import Values
from engine.settings import read
from engine.store.proof import prove
from tests.places import placed

DIAGRAMS = Path(__file__).parents[1] / "bpmn" / "diagrams"
PEOPLE = {"staf": "ann", "atasan": "sam"}
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
    xml = placed(change((DIAGRAMS / f"{name}.bpmn").read_text()).encode())
    schemas = {"mulai": form(), **forms}
    found = {f"processes/{name}/{name}.bpmn": xml}
    found |= {f"processes/{name}/{path.name}": path.read_bytes() for path in DIAGRAMS.glob(f"{name}*.dmn")}
    return found | {f"forms/{name}/{task}.schema.json": content for task, content in schemas.items()}


def deploy(office, name, forms, change=lambda xml: xml):
    content = files(name, forms, change)
    return office.services.deployments.deploy(office.actor("perancang"), name, content, "uji", office.now)


def start(office, name, **entries):
    typed = {path: [text] for path, text in entries.items()}
    return office.services.starts.start(office.actor("ann"), name, typed, office.now)


class Case:
    """One instance that is moved by who may, each time by services that have never seen it."""

    def __init__(self, office, name, forms, started=None):
        self.office, self.name = office, name
        deploy(office, name, forms)
        self.id = office.services.starts.start(office.actor("ann"), name, Values(started or {}), office.now)

    def restart(self):
        settings = read({"ALUR_DATA": str(self.office.data_dir)})
        self.office.services = build_services(settings, self.office.database, self.office.data_dir)
        return self.office.services

    def does(self, element, item=None, account=None, **values):
        services = self.restart()
        task = self.office.task(self.id, element, item)
        account = account or PEOPLE[self.office.page(self.id).procedure.outline.task(element).role]
        inbox = services.inbox.page(self.office.actor(account), self.office.now)
        assert task in {found.task.id for found in inbox.items}, "it is in the inbox of its lane"
        page = services.tasks.open(self.office.actor(account), task, self.office.now)
        assert page.item.step.element_id == element
        services.tasks.complete(self.office.actor(account), task, Values(values), self.office.now)
        return self

    def waits(self, **time):
        services = self.restart()
        self.office.now += timedelta(**time)
        for instance in services.timers.due(self.office.now):
            services.timers.fire(instance, self.office.now)
        return self

    def hears(self, name, kind=MessageKind.MESSAGE, **values):
        services = self.restart()
        services.messages.publish(self.office.actor("operator"), name, kind, values, {}, self.office.now)
        self.sweep()
        return self

    @property
    def open(self):
        return self.office.open_steps(self.id)

    @property
    def status(self):
        return self.office.page(self.id).record.status

    def lines(self, action):
        found = self.office.services.histories.of_instance(
            self.office.actor("auditor"), self.id, HistoryFilter(action=action)
        ).lines
        return [(line.actor, line.element_id) for line in found]

    def ended(self):
        self.restart()
        page = self.office.page(self.id)
        assert (self.open, page.record.status, page.incidents, page.timers) == ([], InstanceStatus.COMPLETED, (), ())
        assert self.lines("instance:completed") == [("sistem", None)]
        with self.office.database.read() as reader:
            assert prove(reader).sound
        return True

    def sweep(self):
        """Deliver what can be delivered, as the worker does; how many instances moved."""
        messages = self.restart().messages
        return sum(messages.deliver(message, to, self.office.now) for message, to in messages.deliverable())
