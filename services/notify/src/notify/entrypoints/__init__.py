"""The doors of notify: they translate, and nothing more."""
