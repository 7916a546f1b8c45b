"""Data of documents to PDF, DOCX and XLSX, and back from XLSX. Knows no database, no web, no engine."""
