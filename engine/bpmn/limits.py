"""Limits for both the rules of deployment and running instances."""

MOST_ITEMS = 500
"""Most instances of a multi-instance activity (BPMN 2.0.2, 10.3.8); each is a task in somebody's list."""
