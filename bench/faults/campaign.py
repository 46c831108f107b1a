"""A campaign: rounds of load under faults; each round is drained and audited before the next one begins."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from traceback import format_exception

from bench.faults.audit import MAIL_COPY, Period, Verdict, audit, kind_of
from bench.faults.catalogue import MEAN_PAUSES, Fault, each_once, faults_of, weighted
from bench.faults.context import FaultContext
from bench.faults.environment import Environment
from bench.faults.gauges import gauge_mismatches
from bench.faults.links import Links
from bench.faults.load import LoadSpec, start_load
from bench.faults.monitor import EngineUnavailable, Monitor
from stack.play import read_log
from stack.processes import StackError

SETTLE_SECONDS = 180.0
MOST_SECONDS = 900.0  # of a slice
MOST_UNDER_WAY = 1_500.0  # more reports would exceed their clients' patience when everything is down
WIND_DOWN_SECONDS = 300.0  # clients retry for as long as their patience


@dataclass(frozen=True)
class Size:
    """The size of a campaign: seconds in all and per round, reports per second, kinds of faults (all when empty).

    A slice has one round in which every kind is injected once, however long that takes.
    """

    seconds: float
    rate: float
    round_seconds: float
    only: frozenset[str] = frozenset()
    is_slice: bool = False


@dataclass
class Round:
    """One round: its load, its faults and its audit; `seconds` covers all of it, the other times the part after the load."""

    number: int
    calm: bool
    faults: int
    seconds: float
    settling: float
    accounting: float
    settled: bool
    verdict: Verdict


@dataclass
class Campaign:
    """An environment under load and faults for as long as its size says."""

    context: FaultContext
    folder: Path
    seed: int
    size: Size
    rounds: list[Round] = field(default_factory=list)
    broken: str = ""

    def run(self) -> None:
        """Run rounds until the time is over; a round that the harness cannot finish is discarded and ends the campaign."""
        end = time.monotonic() + self.size.seconds
        while not self.rounds or (
            not self.size.is_slice and time.monotonic() + self._mean_seconds() / 2 < end
        ):
            before = len(self.context.injections)
            try:
                self.rounds.append(self._round(len(self.rounds)))
            except Exception as error:  # noqa: BLE001 - rounds that are accounted for stay so, whatever came after
                del self.context.injections[before:]
                self.broken = f"round {len(self.rounds)}: {type(error).__name__}: {error}"
                self.context.log("".join(format_exception(error)))
                return
            self._report(self.rounds[-1])

    def _mean_seconds(self) -> float:
        return sum(one.seconds for one in self.rounds) / max(1, len(self.rounds))

    def _round(self, number: int) -> Round:
        context, began, since = self.context, time.monotonic(), time.time()
        context.calm, context.start_offsets, context.poisons = (
            number % 2 == 0,
            context.monitor.end_offsets_with_retries(),
            [],
        )
        context.over, context.budget_sampler.violations = threading.Event(), []
        before = context.injected
        log = self.folder / f"round-{number}.jsonl"
        self._run_load(number, log)
        load_ended = time.monotonic()
        context.environment.wait_all()
        settled = context.monitor.wait_finished(None, SETTLE_SECONDS)
        finished = time.monotonic()
        if not settled:
            context.log(f"unfinished after {SETTLE_SECONDS:.0f} s: {context.monitor.unfinished()}")
        period = Period(
            read_log(log), since, context.start_offsets, context.poisons, context.injected > before
        )
        verdict = audit(context.environment, period)
        for text in (*context.budget_sampler.violations, *gauge_mismatches(context.environment)):
            verdict.add(kind_of(text), text)
        faults, end = context.injected - before, time.monotonic()
        times = (round(end - began, 1), round(finished - load_ended, 1), round(end - finished, 1))
        return Round(number, context.calm, faults, *times, settled, verdict)

    def _run_load(self, number: int, log: Path) -> None:
        """Run the load and inject faults for the duration of a round; in a slice, until every kind was injected."""
        seconds = MOST_SECONDS if self.size.is_slice else self.size.round_seconds
        most = int((seconds + WIND_DOWN_SECONDS) * self.size.rate)
        load = start_load(
            self.context.environment, LoadSpec(self.seed * 1_000 + number, most, self.size.rate), log
        )
        try:
            while load.poll() is None and not (log.exists() and log.stat().st_size):
                time.sleep(0.1)
            with self._throttled(load):
                self._inject(number, time.monotonic() + seconds)
            load.terminate()
            load.wait(WIND_DOWN_SECONDS)
        finally:
            load.kill()
        if load.returncode != 0:
            raise StackError(
                f"The load of round {number} ended with {load.returncode}: see {log.with_suffix('.err')}"
            )

    def _inject(self, number: int, end: float) -> None:
        """Inject faults one after the other and time each recovery, or inject many concurrently without timing."""
        rng, faults = random.Random(f"{self.seed}/{number}"), faults_of(self.size.only)
        if not self.context.calm:
            self._inject_concurrently(number, faults, end)
            return
        self.context.rng = rng
        first = each_once(rng, faults) if number == 0 else []
        for fault in first if self.size.is_slice else chain(first, weighted(rng, faults)):
            if time.monotonic() > end:
                return
            fault.inject(self.context)

    def _inject_concurrently(self, number: int, faults: Sequence[Fault], end: float) -> None:
        """Inject faults concurrently, one thread per scope."""
        locks = {scope: threading.Lock() for scope in MEAN_PAUSES}
        timer = threading.Timer(end - time.monotonic(), self.context.over.set)
        timer.start()

        def play(scope: str) -> None:
            ours = [fault for fault in faults if fault.scopes[0] == scope]
            context = replace(self.context, rng=random.Random(f"{self.seed}/{number}/{scope}"))
            for fault in weighted(context.rng, ours) if ours else ():
                with ExitStack() as held:
                    for one in fault.scopes:
                        held.enter_context(locks[one])
                    if not context.over.is_set():
                        fault.inject(context)
                if context.over.wait(context.rng.expovariate(1 / MEAN_PAUSES[scope])):
                    return

        try:
            with ThreadPoolExecutor(len(MEAN_PAUSES)) as pool:
                for done in as_completed([pool.submit(play, scope) for scope in MEAN_PAUSES]):
                    self._stop_all_if_failed(done)
        finally:
            timer.cancel()

    def _stop_all_if_failed(self, done: "Future[None]") -> None:
        if done.exception() is not None:
            self.context.over.set()
        done.result()

    @contextmanager
    def _throttled(self, load: "subprocess.Popen[bytes]") -> Iterator[None]:
        """Hold the clients back while more than ten seconds' worth of work is pending: a slow machine runs a smaller load."""
        most = min(MOST_UNDER_WAY, max(100.0, 10 * self.size.rate))
        monitor, over = Monitor(self.context.environment), threading.Event()

        def throttle() -> None:
            while load.poll() is None and not over.wait(0.5):
                with suppress(EngineUnavailable):
                    waits = monitor.pending() + monitor.lag(monitor.end_offsets())
                    load.send_signal(signal.SIGUSR1 if waits > most else signal.SIGUSR2)
                    self.context.budget_sampler.sample(monitor)

        thread = threading.Thread(target=throttle, name="throttle", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _report(self, one: Round) -> None:
        v = one.verdict
        self.context.log(
            f"round {one.number}: {v.reports} reports, {one.faults} faults, {dict(v.kinds) or 'no violations'}, "
            f"{v.fact_copies} copies of {v.facts} facts, {v.mail_copies} of {v.mails} mails, "
            f"{one.seconds:.0f} s, of which {one.settling:.0f} to drain and {one.accounting:.0f} to audit"
        )
        for text in sorted(v.texts, key=lambda text: text.startswith(MAIL_COPY))[:10]:
            self.context.log(f"     {text}")


def open_context(
    state: Path, seed: int, print_stderr: Callable[[str], None], spare: frozenset[str] = frozenset()
) -> FaultContext:
    """Start an environment in an empty folder and supervise its services."""
    environment = Environment(state, Links())
    try:
        environment.open()
    except BaseException:
        environment.close()
        raise
    environment.supervise()
    return FaultContext(environment, Monitor(environment), random.Random(seed), print_stderr, spare=spare)


def totals(rounds: Sequence[Round]) -> Mapping[str, int]:
    """The totals of all rounds."""
    names = ("reports", "refused", "messages", "mails", "mail_copies", "facts", "fact_copies", "parked")
    return {name: sum(getattr(one.verdict, name) for one in rounds) for name in names}
