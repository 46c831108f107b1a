"""The entrypoints of intake: JSON API, pages, command line and gauges."""
