"""What mongod counts, exactly: requests, commands, transactions and document writes, between two moments."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

Row = Mapping[str, Any]
REQUESTS, COMMITTED, ABORTED = "requests", "committed", "aborted"
WRITES = ("inserted", "updated", "deleted")


class OwnCommands(CommandListener):
    """Counts the commands of one client, so that they can be subtracted from those of the server."""

    def __init__(self) -> None:
        """Starts at 0."""
        self.count: Counter[str] = Counter()

    def started(self, event: CommandStartedEvent) -> None:
        """Count a command."""
        self.count[event.command_name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Counted when it started."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Counted when it started."""


@dataclass(frozen=True)
class Counters:
    """Numbers since the server started, or between two moments.

    `totals` has requests, transactions committed and aborted, and documents inserted, updated and deleted;
    `commands` has requests by the name of the command.
    """

    totals: Mapping[str, float] = field(default_factory=dict)
    commands: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, status: Row, own: Mapping[str, int]) -> Self:
        """The counters of a reply to `serverStatus`, without the commands of the client that asks."""
        commands = {
            name: found["total"] - own.get(name, 0)
            for name, found in status["metrics"]["commands"].items()
            if isinstance(found, Mapping) and found.get("total", 0)
        }
        document, transactions = status["metrics"]["document"], status["transactions"]
        totals = {
            REQUESTS: status["network"]["numRequests"] - sum(own.values()),
            COMMITTED: transactions["totalCommitted"],
            ABORTED: transactions["totalAborted"],
        }
        return cls(totals | {name: document[name] for name in WRITES}, commands)

    def less(self, rest: Self, times: float = 1.0) -> Self:
        """Without an earlier count, or without so many times that of idle work."""
        return type(self)(
            _less(self.totals, rest.totals, times),
            _less(self.commands, rest.commands, times),
        )

    def plus(self, more: Self) -> Self:
        """Both together."""
        return type(self)(_sum(self.totals, more.totals), _sum(self.commands, more.commands))

    def per(self, count: float) -> Self:
        """Each number divided by a count of reports or seconds."""
        return type(self)(*({k: v / count for k, v in part.items()} for part in (self.totals, self.commands)))

    @property
    def writes(self) -> float:
        """Documents inserted, updated and deleted."""
        return sum(self.totals.get(name, 0) for name in WRITES)


def _less(ours: Mapping[str, float], theirs: Mapping[str, float], times: float) -> dict[str, float]:
    return {name: value - times * theirs.get(name, 0) for name, value in ours.items()}


def _sum(ours: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
    return {name: ours.get(name, 0) + theirs.get(name, 0) for name in {**ours, **theirs}}
