"""The HTTP server of a service: middleware, roles, problems, login, operations."""

from chassis.http import lean_imports  # noqa: F401 - before anything here imports FastAPI
