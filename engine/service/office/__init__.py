"""The office's own data: calendar, registers, what it reads of earlier work, and what is recorded of reading."""
