"""The office's own data: calendar, registers, earlier documents, monitoring, and the log of reading."""
