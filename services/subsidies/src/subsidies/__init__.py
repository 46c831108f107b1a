"""Subsidies decides applications for contributions by dated rules and within a budget, with reasons."""
