"""How fast it is, beside what people write by hand, measured where it counts: in the database."""
