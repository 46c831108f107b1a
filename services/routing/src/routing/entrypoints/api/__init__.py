"""The JSON API of routing."""
