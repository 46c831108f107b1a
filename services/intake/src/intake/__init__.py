"""Registers reports and shows their status to the public."""
