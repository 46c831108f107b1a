"""Decides who looks after a report, and by when."""
