"""A campaign: rounds of load under faults, each settled and accounted for before the next begins."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.faults import disks, engines, processes, records
from bench.faults.audit import Period, Verdict, audit
from bench.faults.ground import Ground
from bench.faults.links import Links
from bench.faults.load import Wish, start_load
from bench.faults.stand import Stand
from bench.faults.watch import Away, Watch
from stack.play import read_log
from stack.processes import StackError

Inject = Callable[[Ground], None]
SETTLE_SECONDS = 180.0
MOST_SECONDS = 600.0  # of one round
WIND_DOWN_SECONDS = 300.0  # clients go on asking for as long as their patience
# How often each kind comes, of a hundred or so.
KINDS: Sequence[tuple[str, Inject, int]] = (
    ("F1", processes.crash_at_point, 24),
    ("F2", processes.kill_at_random, 20),
    ("F3", processes.make_zombie, 3),
    ("F3", processes.make_zombie_at_point, 3),
    ("F4", engines.break_broker, 6),
    ("F5", engines.break_store, 8),
    ("F6", engines.misbehave, 18),
    ("F6", engines.drop_quickly, 4),
    ("F7", records.copy_everything, 2),
    ("F7", records.rewind, 2),
    ("F8", records.copy_shuffled, 3),
    ("F9", records.poison_topics, 1),
    ("F10", disks.fill_disk, 1),
    ("F11", processes.skew_clock, 3),
    ("F12", processes.slow_down, 3),
    ("F13", processes.storm_of_members, 4),
    ("F14", engines.restart_everything, 2),
)


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
    """One round: its load, its faults and its account."""

    number: int
    calm: bool
    faults: int
    seconds: float
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

    def run(self) -> None:
        """Plays rounds until the time is over; every round is accounted for."""
        end = time.monotonic() + self.size.seconds
        while not self.rounds or (not self.size.is_slice and time.monotonic() + self._usual() / 2 < end):
            self.rounds.append(self._round(len(self.rounds)))
            self._tell(self.rounds[-1])

    def _usual(self) -> float:
        return sum(one.seconds for one in self.rounds) / max(1, len(self.rounds))

    def _round(self, number: int) -> Round:
        ground, began, since = self.ground, time.monotonic(), time.time()
        ground.calm, ground.marks, ground.poisons = number % 2 == 0, ground.watch.ends(), []
        ground.over = threading.Event()
        before = ground.injected
        log = self.folder / f"round-{number}.jsonl"
        self._play(number, log)
        ground.stand.wait_all()
        settled = ground.watch.finish(None, SETTLE_SECONDS)
        if not settled:
            ground.say(f"not finished after {SETTLE_SECONDS:.0f} s: {ground.watch.left()}")
        period = Period(read_log(log), since, ground.marks, ground.poisons, ground.injected > before)
        verdict = audit(ground.stand, period)
        faults = ground.injected - before
        return Round(number, ground.calm, faults, time.monotonic() - began, settled, verdict)

    def _play(self, number: int, log: Path) -> None:
        """Load, and faults as long as the deck and the time of a round last."""
        most = int(MOST_SECONDS * self.size.rate)
        load = start_load(self.ground.stand, Wish(self.seed * 1_000 + number, most, self.size.rate), log)
        deck, end = self._deck(random.Random(f"{self.seed}/{number}")), self._end()
        try:
            while load.poll() is None and not (log.exists() and log.stat().st_size):
                time.sleep(0.1)
            with self._held_back(load):
                while load.poll() is None and deck and time.monotonic() < end:
                    deck.pop()(self.ground)
            load.terminate()
            load.wait(WIND_DOWN_SECONDS)
        finally:
            load.kill()
        if load.returncode != 0:
            raise StackError(
                f"The load of round {number} ended with {load.returncode}: see {log.with_suffix('.err')}"
            )

    @contextmanager
    def _held_back(self, load: "subprocess.Popen[bytes]") -> Iterator[None]:
        """Clients wait while more is under way than the rate of ten seconds: a slow machine plays a shorter day."""
        watch, most, over = Watch(self.ground.stand), max(100.0, 10 * self.size.rate), threading.Event()

        def hold_back() -> None:
            while load.poll() is None and not over.wait(0.5):
                with suppress(Away):
                    waits = watch.waiting() + watch.behind(watch.ends())
                    load.send_signal(signal.SIGUSR1 if waits > most else signal.SIGUSR2)

        keeper = threading.Thread(target=hold_back, name="hold back", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _end(self) -> float:
        return time.monotonic() + (MOST_SECONDS if self.size.is_slice else self.size.round_seconds)

    def _deck(self, rng: random.Random) -> list[Inject]:
        """The faults of a round in the order of its seed; every kind that is asked for comes up before any comes twice."""
        chosen = [
            (inject, weight) for kind, inject, weight in KINDS if not self.size.only or kind in self.size.only
        ]
        if not chosen:
            raise StackError(f"No such kinds of faults: {', '.join(sorted(self.size.only))}.")
        once = [inject for inject, _ in chosen]
        rng.shuffle(once)
        more = rng.choices(once, [dict(chosen)[inject] for inject in once], k=2_000)
        self.ground.rng = rng
        first = once if not self.rounds else []
        return list(reversed(first if self.size.is_slice else first + more))

    def _tell(self, one: Round) -> None:
        v = one.verdict
        self.ground.say(
            f"round {one.number}: {v.reports} reports, {one.faults} faults, {dict(v.kinds) or 'nothing wrong'}, "
            f"{v.fact_copies} copies of {v.facts} facts, {v.mail_copies} of {v.mails} mails, {one.seconds:.0f} s"
        )
        for text in v.texts[:10]:
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
