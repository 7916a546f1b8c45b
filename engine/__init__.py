"""Runs the office's procedures from the BPMN diagrams that describe them."""

import gc

gc.set_threshold(10_000)  # with Python's 700 it runs 400 times during imports: a seventh of every start

__version__ = "0.1.0"
