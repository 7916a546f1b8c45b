"""People: accounts, signing in, roles, permissions."""
