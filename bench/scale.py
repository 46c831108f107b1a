"""The throughput of one, two and three processes of routing and of notify, on work that has piled up."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence

from bench.costs import Meter
from bench.engines import Engines
from bench.figures import Figures, Scaled
from bench.load import Load
from stack.processes import Child, StackError, print_stderr

COUNTED = ("routing", "notify")
MOST = 3
PATIENCE = 300.0
# After this, every process has joined its group and got its share of partitions and leases.
SETTLE_SECONDS = 5.0
QUIET_SECONDS = 1.5
HELD_SECONDS, MOMENT_SECONDS = 15.0, 0.3
Seen = list[tuple[float, int]]


class Scale:
    """One system whose routing and notify run in several processes."""

    def __init__(self, engines: Engines, figures: Figures, load: Load, reports: int) -> None:
        """Each number of processes gets so many reports."""
        self._engines, self._figures, self._load, self._reports = engines, figures, load, reports

    async def measure(self) -> None:
        """Measure 1, 2 and 3 processes, and end the added ones."""
        try:
            for count in range(1, MOST + 1):
                print_stderr(f"{count} processes each of {' and '.join(COUNTED)} …")
                for name in COUNTED:
                    await asyncio.to_thread(self._engines.system.start_service, name, count - 1)
                await asyncio.sleep(SETTLE_SECONDS)
                await self._round(count)
        finally:
            for name in COUNTED:
                for ordinal in range(1, MOST):
                    self._engines.system.stop_service(name, ordinal)

    async def _round(self, count: int) -> None:
        bodies = await self._load.bodies(self._reports)
        cases = await self._engines.end_of("routing.cases")
        processes = {name: self._processes(name, count) for name in COUNTED}
        held = {name: asyncio.ensure_future(_hold(some)) for name, some in processes.items()}
        try:
            await self._load.closed_loop(bodies)
            await self._published("intake.reports", self._load.accepted)
            held["routing"].cancel()
            await self._drain("routing", processes["routing"], self._cases)
            await self._published("routing.cases", cases + len(bodies))
            held["notify"].cancel()
            await self._drain("notify", processes["notify"], self._letters)
        finally:
            for name, some in processes.items():
                held[name].cancel()
                _each(some, Child.resume)
        await self._load.wait_until_handled()

    async def _drain(self, name: str, processes: Sequence[Child], done: Callable[[], int]) -> None:
        """Let these processes work until everything is done, and record it."""
        meter, since = (
            Meter(self._engines, {child.name: child.pid() for child in processes[1:]}),
            self._engines.now(),
        )
        before, seen = done(), Seen()
        _each(processes, Child.resume)

        async def nothing_more() -> bool:
            if gone := next((child for child in processes if not child.alive()), None):
                raise gone.failed("ended while it worked")
            seen.append((time.time(), done() - before))
            return quiet_seconds(seen) > QUIET_SECONDS and self._finished(name)

        await _until(nothing_more, f"{name} does not get done")
        number = seen[-1][1]
        routed = self._engines.commits("routing.cases", since, "i")
        rate = routed.per_second if name == "routing" else rate_of(seen)
        cost = meter.stop(name, number)
        own = [name, *(child.name for child in processes[1:])]
        share = sum(cost.cpu.values()) * rate / number / (os.cpu_count() or 1)
        self._figures.scaled.append(
            Scaled(name, len(processes), number, rate, cost.milliseconds(*own), cost.milliseconds(), share)
        )

    def _finished(self, name: str) -> bool:
        return self._load.finished(handed_over=True)[name] >= self._load.accepted

    def _cases(self) -> int:
        return int(self._engines.client["routing"]["cases"].estimated_document_count())

    def _letters(self) -> int:
        return sum(1 for _ in self._engines.system.mails.glob("*.eml"))

    async def _published(self, topic: str, count: int) -> None:
        async def all_there() -> bool:
            return await self._engines.end_of(topic) >= count

        await _until(all_there, f"{topic} does not get {count} records")

    def _processes(self, name: str, count: int) -> list[Child]:
        return [self._engines.system.service(name, n) for n in range(count)]


async def _until(ready: Callable[[], Awaitable[bool]], trouble: str) -> None:
    end = time.time() + PATIENCE
    while not await ready():
        if time.time() > end:
            raise StackError(f"{trouble} in {PATIENCE:.0f} s")
        await asyncio.sleep(0.1)


async def _hold(processes: Sequence[Child]) -> None:
    """Pause these processes until cancelled; they run for a moment now and then, or their watchdogs would end them."""
    while True:
        _each(processes, Child.pause)
        await asyncio.sleep(HELD_SECONDS)
        _each(processes, Child.resume)
        await asyncio.sleep(MOMENT_SECONDS)


def _each(processes: Sequence[Child], do: Callable[[Child], None]) -> None:
    for child in processes:
        do(child)


def quiet_seconds(seen: Seen) -> float:
    """How long the last count has not changed."""
    return seen[-1][0] - next(at for at, number in seen if number == seen[-1][1])


def rate_of(seen: Seen) -> float:
    """How much was done per second, from the first observation with anything done to the first with everything."""
    number = seen[-1][1]
    first = next(row for row in seen if row[1] > 0)
    last = next(row for row in seen if row[1] == number)
    return (number - first[1]) / (last[0] - first[0]) if last[0] > first[0] else float(number)
