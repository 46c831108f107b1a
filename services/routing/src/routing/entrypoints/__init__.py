"""Entry points of routing: they parse input, call app or queries, and render the result."""
