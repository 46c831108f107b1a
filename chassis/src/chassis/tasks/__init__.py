"""Deferred and external work: timers, jobs, runs."""
