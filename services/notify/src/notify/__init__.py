"""Tells people what happens to their report."""
