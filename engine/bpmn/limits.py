"""Limits that the rules of deployment and running instances share: a diagram says a number, or an expression does."""

MOST_ITEMS = 500
"""How often one activity may be done in one pass (BPMN 2.0.2, 10.3.8): each is a task somebody sees in a list."""
