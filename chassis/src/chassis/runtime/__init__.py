"""One process: how it starts, what it runs, how it is watched, how it ends."""
