"""Readers of the files that routing starts from."""
