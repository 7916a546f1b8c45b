"""Reading history, and proving that nobody changed it since."""
