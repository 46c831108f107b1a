"""The doors: the table of events, the HTTP API, the pages and the import."""
