"""The doors of routing: they translate, and nothing more."""
