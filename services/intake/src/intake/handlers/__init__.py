"""One verb per file: what becomes true when something arrives."""
