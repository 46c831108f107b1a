"""One process of a service: start, loops, health, shutdown."""
