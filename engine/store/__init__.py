"""Database and files; no other part of Alur knows SQLAlchemy."""
