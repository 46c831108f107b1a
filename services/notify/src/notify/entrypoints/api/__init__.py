"""The JSON API of notify."""
