"""A campaign: rounds of load under faults, each settled and accounted for before the next begins."""

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
from bench.faults.deck import WORKERS, Card, cards_of, each_once, endless
from bench.faults.gauges import gauge_lies
from bench.faults.ground import Ground
from bench.faults.links import Links
from bench.faults.load import Wish, start_load
from bench.faults.stand import Stand
from bench.faults.watch import Away, Watch
from stack.play import read_log
from stack.processes import StackError

SETTLE_SECONDS = 180.0
MOST_SECONDS = 900.0  # of a slice
MOST_UNDER_WAY = 1_500.0  # more would wait for longer than their clients' patience when everything is broken
WIND_DOWN_SECONDS = 300.0  # clients go on asking for as long as their patience


@dataclass(frozen=True)
class Size:
    """How large a campaign is: seconds for all rounds and for one, reports a second, which kinds (all when empty).

    A slice has one round in which every kind comes once, however long that takes.
    """

    seconds: float
    rate: float
    round_seconds: float
    only: frozenset[str] = frozenset()
    is_slice: bool = False


@dataclass
class Round:
    """One round: its load, its faults and its account; `seconds` are all of it, what follows is the part after the load."""

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
    """A stand under load and faults for as long as its size says."""

    ground: Ground
    folder: Path
    seed: int
    size: Size
    rounds: list[Round] = field(default_factory=list)
    broken: str = ""

    def run(self) -> None:
        """Plays rounds until the time is over; every round is accounted for, and one that the harness could not play does not count."""
        end = time.monotonic() + self.size.seconds
        while not self.rounds or (not self.size.is_slice and time.monotonic() + self._usual() / 2 < end):
            before = len(self.ground.injections)
            try:
                self.rounds.append(self._round(len(self.rounds)))
            except Exception as error:  # noqa: BLE001 - rounds that are accounted for stay so, whatever came after
                del self.ground.injections[before:]
                self.broken = f"round {len(self.rounds)}: {type(error).__name__}: {error}"
                self.ground.say("".join(format_exception(error)))
                return
            self._tell(self.rounds[-1])

    def _usual(self) -> float:
        return sum(one.seconds for one in self.rounds) / max(1, len(self.rounds))

    def _round(self, number: int) -> Round:
        ground, began, since = self.ground, time.monotonic(), time.time()
        ground.calm, ground.marks, ground.poisons = number % 2 == 0, ground.watch.marks(), []
        ground.over, ground.moments.lies = threading.Event(), []
        before = ground.injected
        log = self.folder / f"round-{number}.jsonl"
        self._play(number, log)
        played = time.monotonic()
        ground.stand.wait_all()
        settled = ground.watch.finish(None, SETTLE_SECONDS)
        finished = time.monotonic()
        if not settled:
            ground.say(f"not finished after {SETTLE_SECONDS:.0f} s: {ground.watch.left()}")
        period = Period(read_log(log), since, ground.marks, ground.poisons, ground.injected > before)
        verdict = audit(ground.stand, period)
        for text in (*ground.moments.lies, *gauge_lies(ground.stand)):
            verdict.add(kind_of(text), text)
        faults, end = ground.injected - before, time.monotonic()
        times = (round(end - began, 1), round(finished - played, 1), round(end - finished, 1))
        return Round(number, ground.calm, faults, *times, settled, verdict)

    def _play(self, number: int, log: Path) -> None:
        """Load, and faults as long as the time of a round lasts; of a slice, until every kind came."""
        seconds = MOST_SECONDS if self.size.is_slice else self.size.round_seconds
        most = int((seconds + WIND_DOWN_SECONDS) * self.size.rate)
        load = start_load(self.ground.stand, Wish(self.seed * 1_000 + number, most, self.size.rate), log)
        try:
            while load.poll() is None and not (log.exists() and log.stat().st_size):
                time.sleep(0.1)
            with self._held_back(load):
                self._break(number, time.monotonic() + seconds)
            load.terminate()
            load.wait(WIND_DOWN_SECONDS)
        finally:
            load.kill()
        if load.returncode != 0:
            raise StackError(
                f"The load of round {number} ended with {load.returncode}: see {log.with_suffix('.err')}"
            )

    def _break(self, number: int, end: float) -> None:
        """One fault after the other, each timed until all is well again; or many at once and none timed."""
        rng, cards = random.Random(f"{self.seed}/{number}"), cards_of(self.size.only)
        if not self.ground.calm:
            self._break_side_by_side(number, cards, end)
            return
        self.ground.rng = rng
        first = each_once(rng, cards) if number == 0 else []
        for card in first if self.size.is_slice else chain(first, endless(rng, cards)):
            if time.monotonic() > end:
                return
            card.inject(self.ground)

    def _break_side_by_side(self, number: int, cards: Sequence[Card], end: float) -> None:
        """Each lane breaks what is its own, beside the others."""
        locks = {session: threading.Lock() for session in WORKERS}
        timer = threading.Timer(end - time.monotonic(), self.ground.over.set)
        timer.start()

        def play(session: str) -> None:
            ours = [card for card in cards if card.sessions[0] == session]
            ground = replace(self.ground, rng=random.Random(f"{self.seed}/{number}/{session}"))
            for card in endless(ground.rng, ours) if ours else ():
                with ExitStack() as held:
                    for one in card.sessions:
                        held.enter_context(locks[one])
                    if not ground.over.is_set():
                        card.inject(ground)
                if ground.over.wait(ground.rng.expovariate(1 / WORKERS[session])):
                    return

        try:
            with ThreadPoolExecutor(len(WORKERS)) as pool:
                for done in as_completed([pool.submit(play, session) for session in WORKERS]):
                    self._stop_all_if_failed(done)
        finally:
            timer.cancel()

    def _stop_all_if_failed(self, done: "Future[None]") -> None:
        if done.exception() is not None:
            self.ground.over.set()
        done.result()

    @contextmanager
    def _held_back(self, load: "subprocess.Popen[bytes]") -> Iterator[None]:
        """Clients wait while as much is under way as comes in ten seconds: a slow machine plays a shorter day."""
        most = min(MOST_UNDER_WAY, max(100.0, 10 * self.size.rate))
        watch, over = Watch(self.ground.stand), threading.Event()

        def hold_back() -> None:
            while load.poll() is None and not over.wait(0.5):
                with suppress(Away):
                    waits = watch.waiting() + watch.behind(watch.ends())
                    load.send_signal(signal.SIGUSR1 if waits > most else signal.SIGUSR2)
                    self.ground.moments.take(watch)

        keeper = threading.Thread(target=hold_back, name="hold back", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _tell(self, one: Round) -> None:
        v = one.verdict
        self.ground.say(
            f"round {one.number}: {v.reports} reports, {one.faults} faults, {dict(v.kinds) or 'nothing wrong'}, "
            f"{v.fact_copies} copies of {v.facts} facts, {v.mail_copies} of {v.mails} mails, "
            f"{one.seconds:.0f} s, of these {one.settling:.0f} to settle and {one.accounting:.0f} to account"
        )
        for text in sorted(v.texts, key=lambda text: text.startswith(MAIL_COPY))[:10]:
            self.ground.say(f"     {text}")


def open_ground(
    state: Path, seed: int, say: Callable[[str], None], spare: frozenset[str] = frozenset()
) -> Ground:
    """Starts a stand in an empty folder and keeps its services alive."""
    stand = Stand(state, Links())
    try:
        stand.open()
    except BaseException:
        stand.close()
        raise
    stand.watch()
    return Ground(stand, Watch(stand), random.Random(seed), say, spare=spare)


def totals(rounds: Sequence[Round]) -> Mapping[str, int]:
    """The figures of all rounds together."""
    names = ("reports", "refused", "messages", "mails", "mail_copies", "facts", "fact_copies", "parked")
    return {name: sum(getattr(one.verdict, name) for one in rounds) for name in names}
