"""What routing does: one verb per file."""
