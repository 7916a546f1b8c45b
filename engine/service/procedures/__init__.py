"""Deployed versions of procedures: reading and evaluating them."""
