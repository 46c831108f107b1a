"""The rate at which half of the processors are busy, and how long a report takes at that rate."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from bench.client import Answer
from bench.costs import TAIL_SECONDS, Cost, Meter
from bench.figures import Figures, Latency
from bench.load import Load, until, until_answered

LETTER, ANSWER = "half-busy", "half-busy/answered"
HALF, NEAR = 0.5, 0.04
FIRST_RATE, STEPS, STEP_SECONDS = 25.0, 4, 3.0
FASTER, SLOWER = 2.5, 0.4
# A machine that others keep busy too may never be half busy with this system: its queues would only grow.
MOST_RATE = 120.0


@dataclass(frozen=True)
class Step:
    """A rate that was tried, and the share of all processors that was busy."""

    rate: float
    busy: float


def next_rate(tried: list[Step], idle: float) -> float:
    """The rate to try next: on the line through the two last rates, or through idleness and the only one."""
    last = tried[-1]
    before = tried[-2] if len(tried) > 1 else Step(0.0, idle)
    slope = (last.busy - before.busy) / (last.rate - before.rate) if last.rate != before.rate else 0.0
    if slope <= 0:  # noise between two rates that are close to each other
        slope = (last.busy - idle) / last.rate
    rate = last.rate + (HALF - last.busy) / slope if slope > 0 else last.rate * FASTER
    return min(MOST_RATE, last.rate * FASTER, max(last.rate * SLOWER, rate))


async def measure(load: Load, figures: Figures, seconds: float) -> None:
    """Find the rate, time reports at it, and record the rate and the share that was busy meanwhile."""
    processors = os.cpu_count() or 1
    rest = figures.cost("idle")
    idle = rest.share() / processors if rest else 0.0
    tried: list[Step] = []
    rate = FIRST_RATE
    for _ in range(STEPS):
        cost, _ = await _at(load, rate, STEP_SECONDS)
        tried.append(Step(rate, cost.share() / processors))
        rate, before = next_rate(tried, idle), rate
        if abs(tried[-1].busy - HALF) < NEAR or rate == before:
            break
    cost, answers = await _at(load, rate, seconds)
    await asyncio.sleep(TAIL_SECONDS)
    figures.sustained |= {"half-busy rate": rate, "half-busy share": cost.share() / processors}
    ends: dict[str, Callable[[list[Answer]], tuple[float, ...]]] = {
        LETTER: lambda found: until(found, load.posted()),
        ANSWER: until_answered,
    }
    for name, timed in ends.items():
        values = timed(answers)
        figures.latencies.append(Latency(name, rate, values, len(answers) - len(values)))


async def _at(load: Load, rate: float, seconds: float) -> tuple[Cost, list[Answer]]:
    """Send at a rate; the cost is that of the time in which reports are sent, the client's included."""
    bodies = await load.bodies(int(rate * seconds))
    meter = Meter(load.engines, {"client": os.getpid()})
    answers = await load.open_loop(bodies, rate)
    cost = meter.stop(LETTER, len(answers))
    await load.wait_until_handled()
    return cost, answers
