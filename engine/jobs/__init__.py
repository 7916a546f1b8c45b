"""Background work: timers, messages, printing, archives, notices, housekeeping."""
