"""SpiffWorkflow's parser without its recursion, for long procedures.

Upstream parses the nodes after a node recursively, and exceeds Python's stack at about 480 steps in a row. Here the
next nodes are placeholders, parsed after the current node; connections to a placeholder are made then. Connections
consist of names, so the specification is the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from SpiffWorkflow.bpmn.parser import event_parsers
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, StartEvent
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.parser.event_parsers import SpiffEndEventParser, SpiffStartEventParser
from SpiffWorkflow.spiff.parser.process import SpiffProcessParser

from engine.bpmn import decisions
from engine.bpmn.safe_xml import CAMUNDA, Element, local
from engine.bpmn.timers import host_functions


class Ahead:
    """A placeholder for a specification that is not parsed yet; it collects connections."""

    def __init__(self, node: Element, name: str) -> None:
        self.node = node
        self.name = name
        self.sources: list[Any] = []

    def _connect_notify(self, source: Any) -> None:
        self.sources.append(source)


class ProcessParser(SpiffProcessParser):  # type: ignore[misc]
    """Parses one process or sub-process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.ahead: dict[str, Ahead] = {}
        self.inside: list[Element] = []

    def parse_node(self, node: Element) -> Any:
        """Return the specification of *node*, or a placeholder if another node is being parsed.

        Activities need their boundary events, and event-based gateways the events after them, parsed at once.
        """
        id_ = node.get("id")
        follows = bool(self.inside) and local(node) != "boundaryEvent" and local(self.inside[-1]) != "eventBasedGateway"
        if follows and id_ not in self.spec.task_specs:
            name = f"{id_}.BoundaryEventSplit" if self.get_boundary_events(id_) else id_
            return self.ahead.setdefault(id_, Ahead(node, name))
        found = self._parsed(node)
        while self.ahead and not self.inside:
            self._parsed(self.ahead[next(iter(self.ahead))].node)
        return found

    def _parsed(self, node: Element) -> Any:
        """Parse *node*, and make the connections to its placeholder."""
        self.inside.append(node)
        found = super().parse_node(node)
        self.inside.pop()
        if (waited_for := self.ahead.pop(node.get("id"), None)) is not None:
            for source in waited_for.sources:
                self.spec.task_specs[waited_for.name]._connect_notify(source)
        return found


class StartEventParser(SpiffStartEventParser):  # type: ignore[misc]
    """Parses a start event; upstream ignores error and escalation definitions."""

    def get_event_definition(self, xpaths: Sequence[str]) -> Any:
        """Return the event definition."""
        also = [event_parsers.ERROR_EVENT_XPATH, event_parsers.ESCALATION_EVENT_XPATH]
        return super().get_event_definition([*xpaths, *also])


class EndEventParser(SpiffEndEventParser):  # type: ignore[misc]
    """Parses an end event; upstream ignores signal definitions."""

    def get_event_definition(self, xpaths: Sequence[str]) -> Any:
        """Return the event definition."""
        return super().get_event_definition([*xpaths, event_parsers.SIGNAL_EVENT_XPATH])


class Parser(SpiffBpmnParser):  # type: ignore[misc]
    """SpiffWorkflow's parser with our decision tables."""

    PROCESS_PARSER_CLASS = ProcessParser
    OVERRIDE_PARSER_CLASSES: ClassVar[Mapping[str, Any]] = {
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("startEvent"): (StartEventParser, StartEvent),
        full_tag("endEvent"): (EndEventParser, EndEvent),
    }

    def __init__(self, tables: Mapping[str, decisions.Table]) -> None:
        super().__init__()
        self.tables = tables

    def get_engine(self, decision_ref: str | None, node: Element) -> decisions.TableEngine:
        """Return the decision table of a business rule task."""
        table = self.tables.get(decision_ref or node.get(f"{{{CAMUNDA}}}decisionRef") or "")
        if table is None:
            raise ValidationException(f"tabel keputusan {decision_ref} tidak ada", node=node, file_name=self.filename)
        return decisions.TableEngine(table, host_functions)
