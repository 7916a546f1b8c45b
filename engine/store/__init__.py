"""Rows: the only part that knows SQLAlchemy."""
