"""Work that needs no person: timers, messages, printing, archives, housekeeping."""
