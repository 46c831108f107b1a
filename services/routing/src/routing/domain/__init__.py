"""Rules and calculations of routing: pure functions over frozen dataclasses."""
