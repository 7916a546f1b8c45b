"""Reads, searches, exports and verifies history."""
