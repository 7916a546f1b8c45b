"""Translates the engine's English cause of an incident."""

from dataclasses import replace
from typing import Any

from engine.bpmn import expression
from engine.bpmn.definition import Definition
from engine.model.process import Incident

NO_WAY = "No conditions satisfied"  # upstream's message for exclusive and inclusive gateways


def in_words(definition: Definition, incident: Incident) -> Incident:
    """Return *incident* with a cause that names the gateway without an outgoing path, and the values it evaluated."""
    if not incident.cause.startswith(NO_WAY):
        return incident
    at = definition.outline.names.get(incident.element_id, incident.element_id)
    read = read_at(definition, incident.element_id)
    values = ", ".join(f"{name} = {_shown(incident.data[name])}" for name in sorted(read & incident.data.keys()))
    cause = f"Keputusan “{at}” tidak mempunyai jalan untuk {values or 'nilai yang ada'}."
    return replace(incident, cause=f"{cause} Tanpa panah bawaan (default), salah satu syaratnya harus benar.")


def read_at(definition: Definition, element_id: str) -> set[str]:
    """Return the variables in the conditions of a gateway; empty for other elements."""
    return {
        name
        for spec in (definition.spec, *definition.subprocess_specs.values())
        for task_spec in spec.task_specs.values()
        if task_spec.bpmn_id == element_id
        for condition, _ in getattr(task_spec, "cond_task_specs", ())
        for name in _names(condition)
    }


def _names(condition: Any) -> frozenset[str]:
    return expression.compile(condition.args[0]).names if condition is not None else frozenset()


def _shown(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)
