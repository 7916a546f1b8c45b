"""Turns data of documents into PDF, DOCX and XLSX, and reads XLSX. Knows no database, web or process engine."""
