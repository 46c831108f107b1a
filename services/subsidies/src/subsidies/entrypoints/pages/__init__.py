"""The HTML pages of subsidies, for officers."""
