"""Tests of a service: the service in memory, on which commands, events, timers and jobs run and whose events are read."""

from chassis.testing.service import MemoryService, committing, memory_unit_of_work
from chassis.testing.tokens import MemoryTokens

__all__ = ["MemoryService", "MemoryTokens", "committing", "memory_unit_of_work"]
