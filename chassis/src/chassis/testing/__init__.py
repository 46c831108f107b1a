"""Tests of a service: the service in memory, on which commands, events and timers run and whose events are read."""
