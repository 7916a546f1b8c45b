"""Runs the office's procedures from the BPMN diagrams that describe them."""

__version__ = "0.1.0"
