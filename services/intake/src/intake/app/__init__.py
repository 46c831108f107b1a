"""The use cases of intake: what pages, API and command line have in common."""
