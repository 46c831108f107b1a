"""Commands: those that arrive together are committed in one transaction, and each is answered after the commit."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.store.port import StoreSession
from chassis.transaction.inputs import Input, Lineage, Outcome, Result, Source
from chassis.transaction.unit_of_work import UnitOfWork

TOGETHER = 200
LINGER_SECONDS = 0.001
# Nobody waits for the result of a job: those of a report's letters are committed together. A process that dies meanwhile repeats
# them, and jobs that are held up by results do not make room for others, so that a few results wait for no more.
RESULTS_LINGER_SECONDS, RESULTS_TOGETHER, LOOK_SECONDS = 0.075, 12, 0.0125

Waiting = tuple[Input, "asyncio.Future[Outcome]"]


@dataclass
class Commands:
    """The queue between the HTTP API and the transactions."""

    unit_of_work: UnitOfWork
    metrics: Metrics
    clock: Clock
    linger: float = LINGER_SECONDS
    enough: int = TOGETHER
    queue: "asyncio.Queue[Waiting]" = field(default_factory=lambda: asyncio.Queue(10_000))

    @classmethod
    def for_results(cls, unit_of_work: UnitOfWork, metrics: Metrics, clock: Clock) -> "Commands":
        """The queue of the results of jobs, which nobody waits for."""
        return cls(unit_of_work, metrics, clock, RESULTS_LINGER_SECONDS, RESULTS_TOGETHER)

    async def run(
        self,
        body: Any,
        *,
        id: str,  # noqa: A002
        key: str,
        lineage: Lineage | None = None,
        fingerprint: str | None = None,
    ) -> Outcome:
        """Handle a command once and return its outcome after the commit; raises Unavailable when nothing was committed.

        The caller may choose any id: it is compared only with ids of commands of the same type.
        """
        now = self.clock()
        lineage = lineage or Lineage(key, now)
        return await self.submit(Input(id, body, now, key, lineage, fingerprint, source=Source.COMMAND))

    async def submit(self, item: Input) -> Outcome:
        """Queue an input for the next transaction of commands and return its outcome."""
        self.unit_of_work.crash.at("command.accepted")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            self.queue.put_nowait((item, future))
        except asyncio.QueueFull as full:
            raise Unavailable("the command queue is full") from full
        outcome = await future
        self.unit_of_work.crash.at("command.committed")
        self.metrics.commands.labels(type(item.body).__name__, outcome.result.value).inc()
        return outcome

    async def serve(self, session: StoreSession) -> None:
        """Commit queued commands until cancelled; a batch that was started is finished first."""
        while True:
            waiting = [await self.queue.get()]
            await self._linger()
            while len(waiting) < TOGETHER and not self.queue.empty():
                waiting.append(self.queue.get_nowait())
            await asyncio.shield(self._commit(session, waiting))

    async def _linger(self) -> None:
        """Wait for more commands, not for more than are enough."""
        left = self.linger
        while left > 0 and self.queue.qsize() + 1 < self.enough:
            await asyncio.sleep(min(left, LOOK_SECONDS))
            left -= LOOK_SECONDS

    async def _commit(self, session: StoreSession, waiting: Sequence[Waiting]) -> None:
        try:
            outcomes = await self.unit_of_work.run(session, [item for item, _ in waiting])
        except Exception as error:  # noqa: BLE001 - each command gets its own answer
            if len(waiting) > 1:
                for one in waiting:
                    await self._commit(session, [one])
                return
            self._fail(waiting[0], error)
            return
        for (_, future), outcome in zip(waiting, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)

    def _fail(self, waiting: Waiting, error: Exception) -> None:
        item, future = waiting
        if not isinstance(error, Unavailable):
            log("command failed", level=40, error=error, command=type(item.body).__name__, id=item.id)
        if not future.done():
            future.set_exception(error)


def succeeded(outcome: Outcome) -> bool:
    """Whether the command took effect, now or earlier."""
    return outcome.result in (Result.DONE, Result.IGNORED, Result.AGAIN)
