"""How long a test waits for what comes anyway: only a hang takes longer, however busy the machine is."""

PATIENCE = 180.0
"""Seconds."""
