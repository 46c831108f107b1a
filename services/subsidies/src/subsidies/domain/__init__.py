"""The rules of contributions: pure functions and values, dated, in integer cents, with reasons."""
