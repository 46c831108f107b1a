"""Named crash points for fault tests: when armed, the process kills itself there."""

import os
import signal
from dataclasses import dataclass, field


@dataclass
class CrashPoints:
    """Counts the passes of each point; `armed` is `point:nth`, or empty for never."""

    armed: str = ""
    passes: dict[str, int] = field(default_factory=dict)

    def at(self, point: str) -> None:
        """Pass a point; the nth pass of the armed one kills the process with SIGKILL."""
        if not self.armed:
            return
        self.passes[point] = self.passes.get(point, 0) + 1
        name, _, nth = self.armed.partition(":")
        if point == name and self.passes[point] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


POINTS: dict[str, str] = {
    "command.accepted": "a command is decoded, nothing is stored",
    "turn.inbox": "inside an open transaction, after the inbox rows",
    "turn.state": "inside an open transaction, after the documents",
    "turn.open": "inside an open transaction, everything written, not committed",
    "command.committed": "a command is committed, its answer is not sent",
    "delivery.fetched": "records are fetched, nothing is written",
    "delivery.committed": "a batch is committed, its offsets are not",
    "delivery.offsets": "a batch and its offsets are committed",
    "relay.swept": "events are read for sending",
    "relay.sent": "events are acknowledged by the broker, not yet marked as sent",
    "relay.marked": "events are marked as sent in the outbox",
    "job.started": "a job is started, its external work is not",
    "job.done": "a job's external work is done, its result is not stored",
}
