"""Negative controls: with one guarantee removed, the same audit must turn red; otherwise it proves nothing."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.faults.audit import Period, audit
from bench.faults.context import FaultContext
from bench.faults.environment import Replica
from bench.faults.load import LoadSpec, start_load
from bench.faults.monitor import Offsets
from bench.faults.poison import SUBSCRIBED, Poison, send
from bench.faults.processes import SESSION_SECONDS, is_frozen
from bench.faults.records import copy_everything
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
    """The result of one control: whether the audit turned red, and after how many of the allowed faults."""

    name: str
    within: int
    red: bool = False
    faults: int = 0
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Control:
    """A guarantee that is removed, the service that loses it, and the fault that exposes it."""

    name: str
    service: str
    command: Sequence[str]
    do: Callable[["Trial"], None]
    within: int = 3
    expect_red: bool = True


@dataclass
class Trial:
    """One control in one environment: its load, its faults and its audit."""

    context: FaultContext
    control: Control
    folder: Path
    seed: int
    poisons: list[Poison] = field(default_factory=list)
    faults: int = 0
    logs: list[Path] = field(default_factory=list)
    start_offsets: Offsets = field(default_factory=dict)
    since: float = 0.0
    violations: list[str] = field(default_factory=list)

    def run(self) -> Result:
        """Run the sabotaged service, inject until the audit is red or the limit is reached, then restore the real service."""
        result = Result(self.control.name, self.control.within)
        with self.sabotaged():
            while self.faults < self.control.within and not result.red:
                self.start_offsets, self.since = self.context.monitor.end_offsets_with_retries(), time.time()
                self.logs, self.poisons, self.violations = [], [], []
                self.control.do(self)
                self.context.monitor.wait_finished(None, SETTLE_SECONDS)
                found = self.verdict()
                result.red, result.faults = found != [], self.faults
                result.texts = found[:5]
        return result

    def verdict(self) -> list[str]:
        """The violations that the audit finds."""
        args = [one for log in self.logs for one in read_log(log)]
        period = Period(args, self.since, self.start_offsets, self.poisons)
        verdict = audit(self.context.environment, period)
        return [*self.violations, *(verdict.texts if verdict.red else [])]

    @contextmanager
    def sabotaged(self) -> Iterator[None]:
        """Run the sabotaged service instead of the real one."""
        environment, name = self.context.environment, self.control.service
        environment.remove(name, 0)
        environment.ensure(name, 0, self.command())
        environment.wait_all()
        try:
            yield
        finally:
            environment.remove(name, 0, kill=True)
            environment.ensure(name)
            environment.wait_all()

    def command(self, *more: str) -> Sequence[str]:
        """The command of the sabotaged service."""
        return ("-m", "bench.faults.sabotage", self.control.service, *self.control.command, *more)

    def load(self, patience: float = CLIENT_PATIENCE) -> Callable[[], None]:
        """Start a small stream of reports; the returned function waits for its end."""
        number = len(list(self.folder.glob("*.jsonl")))
        log = self.folder / f"control-{number}.jsonl"
        self.logs.append(log)
        spec = LoadSpec(self.seed * 1_000 + 900 + number, REPORTS, RATE, patience)
        process = start_load(self.context.environment, spec, log)
        return lambda: (process.wait(), None)[1]

    def crash_at(self, point: str) -> None:
        """The service kills itself at a crash point under load."""
        environment, service = self.context.environment, self.control.service
        environment.restart_with(service, 0, {f"{service.upper()}_CRASH_AT": point})
        child = environment.service(service)
        born, end, wait = child.pid(), time.monotonic() + DIE_SECONDS, self.load()
        while child.pid() == born and time.monotonic() < end:
            time.sleep(0.05)
        self.faults += 1
        wait()
        environment.wait_all()


def acknowledge_first(trial: Trial) -> None:
    """A batch is acknowledged, and the process dies before it is handled."""
    trial.crash_at("ack.unhandled:2")


def write_twice(trial: Trial) -> None:
    """Documents are committed, and the process dies before their facts are published."""
    trial.crash_at("dual.unsent:2")


def clear_first(trial: Trial) -> None:
    """Facts are marked as sent, and the process dies before they are sent."""
    trial.crash_at("clear.unsent:2")


def deliver_twice(trial: Trial) -> None:
    """Every record is delivered again."""
    trial.load()()
    trial.context.monitor.wait_finished(None, SETTLE_SECONDS)
    copy_everything(replace(trial.context, calm=False, start_offsets=trial.start_offsets, injections=[]))
    trial.faults += 1


def kill_store(trial: Trial) -> None:
    """The database dies right after it acknowledged writes that were only in its memory, while no other service forces a flush.

    With one member and a journal flush every 100 ms little would be at risk, so the interval is set to 500 ms.
    """
    environment = trial.context.environment
    others: list[Replica] = [(name, 0) for name in SERVICES if name != trial.control.service]
    with environment.suspended(*others):
        for replica in others:
            environment.service(*replica).stop()
        with environment.client() as client:
            client.admin.command({"setParameter": 1, "journalCommitInterval": 500})
        wait, end = trial.load(patience=30.0), time.monotonic() + DIE_SECONDS
        while _answers(trial.logs[-1]) < REPORTS // 2 and time.monotonic() < end:
            time.sleep(0.005)
        environment.mongod.kill()
        trial.faults += 1
        environment.mongod.start()
    wait()
    environment.wait_all()


def _answers(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def wake_zombie(trial: Trial) -> None:
    """A paused owner resumes with a batch in memory that its successor has handled.

    Receipts alone would prevent doubled effects; the zombie must also not move the fence back.
    """
    environment, service = trial.context.environment, trial.control.service
    environment.remove(service, 0, kill=True)
    topics = [topic for topic in SUBSCRIBED if service in topic.subscribers]
    spare = {*trial.context.spare, *(kind for kind in UNFETCHABLE)}
    trial.poisons, _ = asyncio.run(send(environment.kafka.admin, topics, trial.seed, spare))
    environment.ensure(service, 0, trial.command("--stop-at", "delivery.fetched:1"))
    child, end = environment.service(service), time.monotonic() + DIE_SECONDS
    while not is_frozen(child.pid()) and time.monotonic() < end:
        time.sleep(0.05)
    trial.faults += 1
    environment.ensure(service, 1, trial.command())
    time.sleep(SESSION_SECONDS)
    trial.context.monitor.wait_finished(None, SETTLE_POISON)
    trial.violations += _fence_regressions(trial, child.resume, 5.0)
    environment.remove(service, 1)


def _fence_regressions(trial: Trial, wake: Callable[[], None], seconds: float) -> list[str]:
    """Fences that a zombie moves without owning them: an epoch or an offset becomes smaller."""
    most: dict[str, tuple[int, int]] = {}
    violations: dict[str, None] = {}
    end = time.monotonic() + seconds
    with trial.context.environment.client() as client:
        while time.monotonic() < end:
            for row in client[trial.control.service]["fences"].find({}):
                name, now = str(row["_id"]), (int(str(row["epoch"])), int(str(row["next"])))
                before = most.get(name, now)
                if now[0] < before[0] or now[1] < before[1]:
                    place = f"{row['topic']}/{row['partition']}"
                    violations[f"doubled: the fence of {place} moved back from {before} to {now}"] = None
                most[name] = (max(now[0], before[0]), max(now[1], before[1]))
            wake()  # after the first read; repeated calls do no harm
            time.sleep(0.01)
    return list(violations)


UNFETCHABLE = ("a header name that is not UTF-8", "a codec that does not exist")


CONTROLS: Sequence[Control] = (
    Control("acknowledged first", "routing", ("--without", "acknowledgement"), acknowledge_first),
    Control("dual write", "routing", ("--without", "outbox"), write_twice),
    Control("cleared before sent", "routing", ("--without", "sending"), clear_first),
    Control("no inbox", "routing", ("--without", "inbox", "--forgetful"), deliver_twice),
    Control("no fence", "routing", ("--without", "fence"), wake_zombie, within=5),
    # The last: the letter of a report that it loses waits forever, and a zombie that sleeps long meanwhile ends itself.
    Control("w:1", "intake", ("--without", "majority"), kill_store, within=5),
)
# The same faults on the real service: what turns red above must stay green here.
GREENS: Sequence[Control] = (
    Control(
        "the same forgetful handler with its inbox", "routing", ("--forgetful",), deliver_twice, 1, False
    ),
    Control("the same zombie with its fence", "routing", (), wake_zombie, 1, False),
)
