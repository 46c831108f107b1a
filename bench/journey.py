"""The whole system: what a report costs at several rates, beside plain drivers, and how long it takes."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bench import accept, breakdown, drivers, half_busy
from bench.bare import bare_run
from bench.client import Answer
from bench.costs import TAIL_SECONDS, Meter, idle
from bench.engines import Engines
from bench.figures import Figures, Latency
from bench.load import Load, until, until_answered
from bench.recorder import PUBLISHED, Recorder
from bench.scale import Scale
from bench.sizes import Sizes
from bench.stages import commit_times
from contracts.permissions import SERVICES
from stack.processes import print_stderr

QUIET, STEADY, END_TO_END, ACCEPT = "end-to-end-quiet", "end-to-end-steady", "end-to-end", "accept"
SUSTAINED = "sustained"
WARM = 200
SETTLE_SECONDS = 2.0
# Shorter than the session timeout of consumers, because the services are paused as long while the bare arm runs.
STEADY_SECONDS = 5.0
# Every report of it leaves two letters behind, which the next measurement waits for.
ACCEPT_SHARE = 0.6
RATES = {QUIET: 5.0, STEADY: 20.0, END_TO_END: 100.0, ACCEPT: 200.0}  # reports per second


@dataclass
class Journey:
    """One system with its four services."""

    engines: Engines
    figures: Figures
    sizes: Sizes
    breakdown: bool = False
    load: Load = field(init=False)

    def __post_init__(self) -> None:
        """Reports by the seed of the run."""
        self.load = Load(self.engines, self.figures.seed)

    async def measure(self, parts: Collection[str]) -> None:
        """Measure what a report costs at 5/s and 20/s, and, as the part `journey`, also times and the maximum throughput."""
        await self._send(await self.load.bodies(WARM), 100.0)
        await asyncio.sleep(SETTLE_SECONDS)
        if {"journey", "cost"} & set(parts):
            await self._costs()
        if "journey" in parts:
            await self._at(END_TO_END)
            await self._at(ACCEPT, ACCEPT_SHARE * self.sizes.seconds)
            print_stderr("looking for the rate at which half of the processors are busy …")
            await half_busy.measure(self.load, self.figures, self.sizes.seconds)
            print_stderr(f"{self.sizes.most} reports at maximum throughput …")
            await self._sustained()
            self._stored()
        if "drivers" in parts:
            await drivers.measure(self.load, self.figures, 2 * self.sizes.pairs)
        if "scale" in parts:
            await Scale(self.engines, self.figures, self.load, self.sizes.piled_up).measure()
        if "journey" in parts:
            await accept.measure(self.load, self.figures, self.sizes)

    async def _costs(self) -> None:
        print_stderr("idle …")
        self.figures.costs.append(await idle(self.engines))
        if self.breakdown:
            await self._break_down()
        await self._at(QUIET)
        for number in range(self.sizes.pairs):
            print_stderr(f"a report beside plain drivers, {number + 1} of {self.sizes.pairs}")
            await self._pair()

    async def _send(self, bodies: Sequence[bytes], rate: float) -> list[Answer]:
        answers = await self.load.open_loop(bodies, rate)
        await self.load.wait_until_handled()
        return answers

    async def _break_down(self) -> None:
        bodies = await self.load.bodies(int(RATES[QUIET] * self.sizes.seconds))
        with breakdown.profiled(self.engines) as found:
            await self._send(bodies, RATES[QUIET])
            await asyncio.sleep(TAIL_SECONDS)
        print("\n".join(breakdown.lines(found, len(bodies))), flush=True)

    async def _pair(self) -> None:
        recorder = Recorder(self.engines)
        await recorder.start()
        count = await self._at(STEADY, STEADY_SECONDS)
        recording = await recorder.stop(count)
        self.figures.costs += await bare_run(self.engines, recording).measure(RATES[STEADY])
        await asyncio.sleep(SETTLE_SECONDS)

    async def _at(self, name: str, seconds: float | None = None) -> int:
        rate = RATES[name]
        print_stderr(f"{name} at {rate:.0f} reports/s …")
        bodies = await self.load.bodies(int(rate * (seconds or self.sizes.seconds)))
        since, meter = self.engines.now(), Meter(self.engines)
        answers = await self._send(bodies, rate)
        await asyncio.sleep(TAIL_SECONDS)
        self.figures.costs.append(meter.stop(name, len(answers)))
        if name == ACCEPT:
            self._note(name, answers, until_answered(answers))
            return len(answers)
        for stage, times in commit_times(self.engines, since).items():
            self._note(f"{name}/{stage}", answers, until(answers, times))
        self._note(name, answers, until(answers, self.load.posted()))
        return len(answers)

    def _note(self, name: str, answers: Sequence[Answer], ends: tuple[float, ...]) -> None:
        rate = RATES[name.partition("/")[0]]
        self.figures.latencies.append(Latency(name, rate, ends, len(answers) - len(ends)))

    async def _sustained(self) -> None:
        bodies = await self.load.bodies(self.sizes.most)
        meter, began = Meter(self.engines), time.time()
        answers = await self.load.closed_loop(bodies)
        accepted = time.time() - began
        done = await self.load.wait_until_handled(handed_over=False)
        count = len(until_answered(answers))
        found = {"accepted": count / accepted, "through all": count / (max(done.values()) - began)}
        found |= {f"through {name}": count / (when - began) for name, when in done.items()}
        self.figures.costs.append(meter.stop(SUSTAINED, count))
        found["letters handed over"] = await self._letters()
        self.figures.sustained |= found

    def _stored(self) -> None:
        topics = [topic.name for topic in PUBLISHED]
        sizes = self.engines.stored(topics, SERVICES)
        for name, size in zip(("mongod bytes", "kafka bytes"), sizes, strict=True):
            self.figures.sustained[name] = size / self.load.accepted

    async def _letters(self) -> float:
        """Letters handed over per second while many are queued."""
        before, began = self._handed_over(), time.time()
        await asyncio.sleep(self.sizes.letters_seconds)
        return (self._handed_over() - before) / (time.time() - began)

    def _handed_over(self) -> int:
        return len(list(self.engines.system.mails.glob("*.eml")))
