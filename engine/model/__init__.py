"""Frozen values that every part may speak; imports nothing of ours."""
