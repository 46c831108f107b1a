"""Notifies people of what happens to their reports."""
