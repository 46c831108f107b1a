"""Outside things that intake reads."""
