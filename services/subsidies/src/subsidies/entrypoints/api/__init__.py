"""The JSON API for officers."""
