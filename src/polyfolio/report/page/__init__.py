"""Self-contained HTML pages: parts as data, one renderer."""
