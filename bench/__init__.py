"""Benchmarks: this runtime beside handwritten variants, counted by what the database committed."""
