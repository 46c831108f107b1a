"""Negative controls: with one promise taken away the same account must turn red, or it proves nothing."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.faults.audit import Period, audit
from bench.faults.ground import Ground
from bench.faults.load import Wish, start_load
from bench.faults.poison import HEARD, Poison, send
from bench.faults.processes import SESSION_SECONDS, is_frozen
from bench.faults.records import copy_everything
from bench.faults.stand import Replica
from bench.faults.watch import Ends
from contracts.permissions import SERVICES
from stack.play import read_log

REPORTS = 60
RATE = 40.0
CLIENT_PATIENCE = 15.0
DIE_SECONDS = 60.0
SETTLE_SECONDS = 60.0
SETTLE_POISON = 90.0


@dataclass
class Result:
    """How one control ended: whether the account turned red, after how many faults of those it may take."""

    name: str
    within: int
    red: bool = False
    faults: int = 0
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Control:
    """A promise that is taken away, the service that loses it, and what is done to it."""

    name: str
    service: str
    words: Sequence[str]
    do: Callable[["Trial"], None]
    within: int = 3
    expect_red: bool = True


@dataclass
class Trial:
    """One control on one stand: its load, its faults and its account."""

    ground: Ground
    control: Control
    folder: Path
    seed: int
    poisons: list[Poison] = field(default_factory=list)
    faults: int = 0
    logs: list[Path] = field(default_factory=list)
    marks: Ends = field(default_factory=dict)
    since: float = 0.0
    lies: list[str] = field(default_factory=list)

    def run(self) -> Result:
        """Sabotages, injects until the account is red or the bound is reached, and puts the real service back."""
        result = Result(self.control.name, self.control.within)
        with self.sabotaged():
            while self.faults < self.control.within and not result.red:
                self.marks, self.since = self.ground.watch.marks(), time.time()
                self.logs, self.poisons, self.lies = [], [], []
                self.control.do(self)
                self.ground.watch.finish(None, SETTLE_SECONDS)
                found = self.verdict()
                result.red, result.faults = found != [], self.faults
                result.texts = found[:5]
        return result

    def verdict(self) -> list[str]:
        """What the account says is wrong."""
        asked = [one for log in self.logs for one in read_log(log)]
        period = Period(asked, self.since, self.marks, self.poisons)
        verdict = audit(self.ground.stand, period)
        return [*self.lies, *(verdict.texts if verdict.red else [])]

    @contextmanager
    def sabotaged(self) -> Iterator[None]:
        """The sabotaged service runs instead of the real one."""
        stand, name = self.ground.stand, self.control.service
        stand.drop(name, 0)
        stand.want(name, 0, self.words())
        stand.wait_all()
        try:
            yield
        finally:
            stand.drop(name, 0, kill=True)
            stand.want(name)
            stand.wait_all()

    def words(self, *more: str) -> Sequence[str]:
        """What starts the sabotaged service."""
        return ("-m", "bench.faults.sabotage", self.control.service, *self.control.words, *more)

    def load(self, patience: float = CLIENT_PATIENCE) -> Callable[[], None]:
        """Starts a small stream of reports; what it returns waits for the end."""
        number = len(list(self.folder.glob("*.jsonl")))
        log = self.folder / f"control-{number}.jsonl"
        self.logs.append(log)
        wish = Wish(self.seed * 1_000 + 900 + number, REPORTS, RATE, patience)
        process = start_load(self.ground.stand, wish, log)
        return lambda: (process.wait(), None)[1]

    def die_at(self, point: str) -> None:
        """The service kills itself at a point under load."""
        stand, service = self.ground.stand, self.control.service
        stand.arm(service, 0, {f"{service.upper()}_CRASH_AT": point})
        child = stand.service(service)
        born, end, wait = child.pid(), time.monotonic() + DIE_SECONDS, self.load()
        while child.pid() == born and time.monotonic() < end:
            time.sleep(0.05)
        self.faults += 1
        wait()
        stand.wait_all()


def acknowledge_first(trial: Trial) -> None:
    """A batch that was acknowledged dies with its process."""
    trial.die_at("ack.unhandled:2")


def write_twice(trial: Trial) -> None:
    """What was committed is never said, because the process died between the two writes."""
    trial.die_at("dual.unsent:2")


def clear_first(trial: Trial) -> None:
    """What was put down as sent is not on its topic, because the process died between the two."""
    trial.die_at("clear.unsent:2")


def deliver_twice(trial: Trial) -> None:
    """Every record comes again."""
    trial.load()()
    trial.ground.watch.finish(None, SETTLE_SECONDS)
    copy_everything(replace(trial.ground, calm=False, marks=trial.marks, injections=[]))
    trial.faults += 1


def kill_store(trial: Trial) -> None:
    """The store dies right after it said yes to what only its memory had; nobody else makes it write.

    With one member and a journal that is written every 100 ms little would be at stake; it may wait five times as long.
    """
    stand = trial.ground.stand
    others: list[Replica] = [(name, 0) for name in SERVICES if name != trial.control.service]
    with stand.held_down(*others):
        for replica in others:
            stand.service(*replica).stop()
        with stand.client() as client:
            client.admin.command({"setParameter": 1, "journalCommitInterval": 500})
        wait, end = trial.load(patience=30.0), time.monotonic() + DIE_SECONDS
        while _answers(trial.logs[-1]) < REPORTS // 2 and time.monotonic() < end:
            time.sleep(0.005)
        stand.mongod.kill()
        trial.faults += 1
        stand.mongod.start()
    wait()
    stand.wait_all()


def _answers(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def wake_zombie(trial: Trial) -> None:
    """A frozen owner wakes up with a batch in its hands that its heir has handled.

    Receipts alone would keep its effects from being doubled: what it must not do is move the fence back.
    """
    stand, service = trial.ground.stand, trial.control.service
    stand.drop(service, 0, kill=True)
    topics = [topic for topic in HEARD if service in topic.subscribers]
    spare = {*trial.ground.spare, *(kind for kind in UNFETCHABLE)}
    trial.poisons, _ = asyncio.run(send(stand.kafka.admin, topics, trial.seed, spare))
    stand.want(service, 0, trial.words("--stop-at", "delivery.fetched:1"))
    child, end = stand.service(service), time.monotonic() + DIE_SECONDS
    while not is_frozen(child.pid()) and time.monotonic() < end:
        time.sleep(0.05)
    trial.faults += 1
    stand.want(service, 1, trial.words())
    time.sleep(SESSION_SECONDS)
    trial.ground.watch.finish(None, SETTLE_POISON)
    trial.lies += _went_back(trial, child.resume, 5.0)
    stand.drop(service, 1)


def _went_back(trial: Trial, wake: Callable[[], None], seconds: float) -> list[str]:
    """Fences that somebody who wakes up moves and does not own: an epoch or a position becomes smaller."""
    most: dict[str, tuple[int, int]] = {}
    lies: dict[str, None] = {}
    end = time.monotonic() + seconds
    with trial.ground.stand.client() as client:
        while time.monotonic() < end:
            for row in client[trial.control.service]["fences"].find({}):
                name, now = str(row["_id"]), (int(str(row["epoch"])), int(str(row["next"])))
                before = most.get(name, now)
                if now[0] < before[0] or now[1] < before[1]:
                    place = f"{row['topic']}/{row['partition']}"
                    lies[f"doubled: the fence of {place} went back from {before} to {now}"] = None
                most[name] = (max(now[0], before[0]), max(now[1], before[1]))
            wake()  # again and again does no harm: the first time came after the first look
            time.sleep(0.01)
    return list(lies)


UNFETCHABLE = ("a header name that is not UTF-8", "a codec that does not exist")


CONTROLS: Sequence[Control] = (
    Control("acknowledged first", "routing", ("--without", "acknowledgement"), acknowledge_first),
    Control("dual write", "routing", ("--without", "outbox"), write_twice),
    Control("cleared before sent", "routing", ("--without", "sending"), clear_first),
    Control("no inbox", "routing", ("--without", "inbox", "--forgetful"), deliver_twice),
    Control("w:1", "intake", ("--without", "majority"), kill_store, within=5),
    Control("no fence", "routing", ("--without", "fence"), wake_zombie),
)
# The same faults on the real thing: what turns red above must stay green here.
GREENS: Sequence[Control] = (
    Control(
        "the same forgetful handler with its inbox", "routing", ("--forgetful",), deliver_twice, 1, False
    ),
    Control("the same zombie with its fence", "routing", (), wake_zombie, 1, False),
)
