"""The schema's history: numbered revisions, forward only, that run on both databases."""
