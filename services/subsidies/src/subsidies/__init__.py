"""Subsidies: decides contributions against dated rules and a finite budget, with reasons."""
