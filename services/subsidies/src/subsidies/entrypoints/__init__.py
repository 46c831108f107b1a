"""The doors of subsidies: they translate, and nothing more."""
