"""One verb per file: pure functions from a command or event and its documents to a change."""
