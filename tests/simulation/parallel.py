"""Many worlds on several processors; a world depends on its seed alone."""

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
CONTROL_SEEDS = 4_000  # the rarest control is detected once in about 400 worlds
# counters of the runtime, and the label that separates their kinds
METRIC_LABELS = {
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
class Totals:
    """The results of some worlds: violations, faults that happened, and the runtime's counters."""

    seeds: int = 0
    steps: int = 0
    cpu_seconds: float = 0.0
    virtual_seconds: float = 0.0
    wrong: list[Verdict] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Totals") -> None:
        """Add the results of other worlds."""
        self.seeds += other.seeds
        self.steps += other.steps
        self.cpu_seconds += other.cpu_seconds
        self.virtual_seconds += other.virtual_seconds
        self.wrong += other.wrong
        self.happened += other.happened
        self.metrics += other.metrics


def some_worlds(first: int, count: int) -> Totals:
    """Run some worlds in this process."""
    totals, before, began = Totals(), _read_metrics(), time.process_time()
    for seed in range(first, first + count):
        verdict = simulate(seed)
        totals.seeds += 1
        totals.steps += verdict.steps
        totals.virtual_seconds += verdict.seconds
        totals.happened += verdict.happened
        if verdict.wrong:
            totals.wrong.append(verdict)
    gc.collect()
    totals.cpu_seconds = time.process_time() - began
    totals.metrics = _read_metrics() - before
    return totals


def _read_metrics() -> Counter[str]:
    found: Counter[str] = Counter()
    for metrics in METRICS.values():
        for family in metrics.registry.collect():
            for sample in family.samples:
                if sample.name in METRIC_LABELS:
                    found[f"{sample.name} {sample.labels.get(METRIC_LABELS[sample.name], '')}".strip()] += (
                        int(sample.value)
                    )
    return found


def seeds_until_red(control: str, first: int) -> int | None:
    """The number of seeds until a control is detected, or None."""
    for done in range(CONTROL_SEEDS):
        if done % TOGETHER == 0:
            gc.collect()
        if simulate(first + done, control).wrong:
            return done + 1
    return None


def prepare_process() -> None:
    """Collect garbage between worlds only, and nothing that existed before."""
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")  # of killed processes
    gc.collect()
    gc.freeze()
    gc.disable()


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """A pool of processes for worlds; pending work is cancelled on an error."""
    with ProcessPoolExecutor(jobs, get_context("fork"), initializer=prepare_process) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def many_worlds(pool: Executor, first: int, seeds: int) -> Iterator[Totals]:
    """Run worlds on several processors; results come in order, some worlds at a time."""
    starts = range(first, first + seeds, TOGETHER)
    counts = [min(TOGETHER, first + seeds - start) for start in starts]
    yield from pool.map(some_worlds, starts, counts)
