"""Runs the office's procedures from the BPMN diagrams that describe them."""

import gc

gc.set_threshold(10_000)  # Python's 700 look through what is being loaded four hundred times, a seventh of every start

__version__ = "0.1.0"
