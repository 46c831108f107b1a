"""Logs, metrics and crash points."""
