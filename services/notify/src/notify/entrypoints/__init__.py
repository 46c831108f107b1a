"""Entry points of notify: they parse input, call app or queries, and render the result."""
