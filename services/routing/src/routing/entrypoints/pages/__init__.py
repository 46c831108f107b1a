"""The HTML pages of routing, for staff."""
