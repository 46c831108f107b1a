"""The HTTP server of a service: middleware, roles, problems, login, operations."""
