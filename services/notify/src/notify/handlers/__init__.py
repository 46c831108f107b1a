"""Handlers of notify: one verb per file."""
