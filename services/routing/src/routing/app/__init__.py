"""Use cases of routing that do IO, shared by pages, API and start-up."""
