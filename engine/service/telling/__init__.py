"""Telling people: what they hear of, by which way, and when."""
