"""Instances and tasks: how work starts, moves, waits and ends."""
