"""Implementations of the ports of app: SMTP, the HTTP client of intake, Jinja letters, and one in memory for tests."""
