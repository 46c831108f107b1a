"""Named crash points: the process kills itself there when it is told to, and nothing else happens."""

import os
import signal
from dataclasses import dataclass, field


@dataclass
class CrashPoints:
    """Counts the passes through each point; `armed` is `point:nth`, or empty for never."""

    armed: str = ""
    passes: dict[str, int] = field(default_factory=dict)

    def at(self, point: str) -> None:
        """Pass a point; the nth pass of the armed one is kill -9."""
        if not self.armed:
            return
        self.passes[point] = self.passes.get(point, 0) + 1
        name, _, nth = self.armed.partition(":")
        if point == name and self.passes[point] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


POINTS: dict[str, str] = {
    "command.accepted": "a command is understood, nothing is stored",
    "turn.inbox": "inside an open transaction, after the inbox rows",
    "turn.state": "inside an open transaction, after the documents",
    "turn.open": "inside an open transaction, everything written, not committed",
    "command.committed": "a command is committed and its answer not sent",
    "delivery.fetched": "records are fetched, nothing is written",
    "delivery.committed": "a batch is committed and its offsets are not",
    "delivery.offsets": "a batch and its offsets are committed",
    "relay.swept": "events are read for sending",
    "relay.sent": "events are acknowledged by the broker and still in the outbox",
    "relay.cleared": "events are sent and gone from the outbox",
    "job.started": "a job is taken, nothing is done outside",
    "job.done": "a job is done outside and its result is not recorded",
}
