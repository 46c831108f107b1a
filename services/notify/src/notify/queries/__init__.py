"""Read side of notify: the only package that names stored paths."""
