"""Read side of routing: the only package that names stored paths."""
