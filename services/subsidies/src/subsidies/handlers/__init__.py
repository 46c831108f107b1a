"""What subsidies does: one verb per file."""
