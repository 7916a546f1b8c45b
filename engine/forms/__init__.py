"""Forms: from a JSON Schema to fields, from what was typed to values or to every error at once."""
