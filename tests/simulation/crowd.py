"""Many worlds on several processors; each world is its seed's alone, whoever runs it."""

import gc
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.node import METRICS
from tests.simulation.world import Verdict, simulate

TOGETHER = 20
CONTROL_SEEDS = 4_000  # the rarest is caught once in some 400
# what the runtime says of itself, and the label that tells its kinds apart
SAID = {
    "consumer_rebalances_total": "",
    "consumer_resought_total": "reason",
    "transaction_retries_total": "",
    "inbox_duplicates_total": "",
    "relay_failures_total": "",
    "events_consumed_total": "outcome",
    "commands_total": "outcome",
    "jobs_total": "outcome",
}


@dataclass
class Tally:
    """What some worlds came to: those that are wrong, what happened to them, and what the runtime says it did."""

    seeds: int = 0
    steps: int = 0
    cpu_seconds: float = 0.0
    virtual_seconds: float = 0.0
    wrong: list[Verdict] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """These worlds too."""
        self.seeds += other.seeds
        self.steps += other.steps
        self.cpu_seconds += other.cpu_seconds
        self.virtual_seconds += other.virtual_seconds
        self.wrong += other.wrong
        self.happened += other.happened
        self.said += other.said


def some_worlds(first: int, count: int) -> Tally:
    """Run a few worlds in this process."""
    tally, before, began = Tally(), _said(), time.process_time()
    for seed in range(first, first + count):
        verdict = simulate(seed)
        tally.seeds += 1
        tally.steps += verdict.steps
        tally.virtual_seconds += verdict.seconds
        tally.happened += verdict.happened
        if verdict.wrong:
            tally.wrong.append(verdict)
    gc.collect()
    tally.cpu_seconds = time.process_time() - began
    tally.said = _said() - before
    return tally


def _said() -> Counter[str]:
    found: Counter[str] = Counter()
    for metrics in METRICS.values():
        for family in metrics.registry.collect():
            for sample in family.samples:
                if sample.name in SAID:
                    found[f"{sample.name} {sample.labels.get(SAID[sample.name], '')}".strip()] += int(
                        sample.value
                    )
    return found


def red(control: str, first: int) -> int | None:
    """The number of seeds until a control is caught, or None."""
    for done in range(CONTROL_SEEDS):
        if done % TOGETHER == 0:
            gc.collect()
        if simulate(first + done, control).wrong:
            return done + 1
    return None


def settle() -> None:
    """Collect garbage between worlds only, and none that was there before them."""
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")  # of killed processes
    gc.collect()
    gc.freeze()
    gc.disable()


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """So many processes that run worlds; what was not begun when something goes wrong is not run."""
    with ProcessPoolExecutor(jobs, get_context("fork"), initializer=settle) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def many_worlds(pool: Executor, first: int, seeds: int) -> Iterator[Tally]:
    """Run worlds on several processors; the tallies come a few worlds at a time, in order."""
    starts = range(first, first + seeds, TOGETHER)
    counts = [min(TOGETHER, first + seeds - start) for start in starts]
    yield from pool.map(some_worlds, starts, counts)
