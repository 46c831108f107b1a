"""The read side of subsidies: the only package that contains stored paths."""
