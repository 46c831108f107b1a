"""Handlers of routing: one verb per file."""
