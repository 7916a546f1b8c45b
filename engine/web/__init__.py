"""HTTP in, pages out: the only part that knows Flask; ``application`` loads all pages."""
