"""The rules of a report: pure, without clock, chance or database."""
