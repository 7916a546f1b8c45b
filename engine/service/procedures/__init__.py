"""Deployed versions of procedures, and what reads and evaluates them."""
