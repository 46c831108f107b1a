"""Backups: everything the services keep, as it was at one moment, in one file; and back again."""
