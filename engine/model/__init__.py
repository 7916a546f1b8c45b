"""Frozen values that every part of Alur uses; imports no other part."""
