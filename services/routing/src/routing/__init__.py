"""Decides who handles a report, and by when."""
