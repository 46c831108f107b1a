"""What a stretch of the whole system's work costs: processor time by process, and mongod's counters."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.counters import Counters
from bench.engines import Engines, cpu_seconds
from chassis.store.collections import LEASES
from contracts.permissions import SERVICES

IDLE = "idle"
WORKERS = (*SERVICES, "mongod", "kafka", "mailbox")
# Relays and results of letters end after the last letter.
TAIL_SECONDS = 1.0
IDLE_SECONDS = 6.0


@dataclass(frozen=True)
class Cost:
    """What was spent from the first report until the last letter and its results: processor seconds by process, and counters."""

    name: str
    reports: int
    seconds: float
    cpu: Mapping[str, float]
    counters: Counters = field(default_factory=Counters)

    def less(self, rest: "Cost") -> "Cost":
        """Without idle work of the same length."""
        share = self.seconds / rest.seconds
        cpu = {name: value - share * rest.cpu.get(name, 0.0) for name, value in self.cpu.items()}
        return replace(self, cpu=cpu, counters=self.counters.less(rest.counters, share))

    def milliseconds(self, *names: str) -> float:
        """Processor milliseconds per report of these processes, or of all."""
        return 1000 * sum(self.cpu[name] for name in names or self.cpu) / self.reports

    def share(self, *names: str) -> float:
        """The processor time of these processes, or of all, as a share of one processor."""
        return sum(self.cpu[name] for name in names or self.cpu) / self.seconds

    def counted(self, name: str) -> float:
        """One of mongod's totals per report."""
        return self.counters.totals[name] / self.reports

    @property
    def writes(self) -> float:
        """Document writes per report."""
        return self.counters.writes / self.reports


def merged(costs: Sequence[Cost]) -> Cost:
    """Several stretches of the same work as one."""
    cpu: Counter[str] = Counter()
    counters = Counters()
    for one in costs:
        cpu.update(one.cpu)
        counters = counters.plus(one.counters)
    return Cost(
        costs[0].name, sum(one.reports for one in costs), sum(one.seconds for one in costs), cpu, counters
    )


class Meter:
    """Reads what a running system has spent so far."""

    def __init__(self, engines: Engines, others: Mapping[str, int | None] | None = None) -> None:
        """Reads from now on; `stop` ends a stretch. `others` are processes that do not belong to the system."""
        self._engines, self._others = engines, others or {}
        self._began, self._cpu, self._counters = time.time(), self.cpu(), self.counters()
        self._since = engines.now()

    def stop(self, name: str, reports: int) -> Cost:
        """What was spent since the meter was made."""
        seconds = time.time() - self._began
        cpu = {one: value - self._cpu[one] for one, value in self.cpu().items()}
        counters = self.counters().less(self._counters).less(self._renewals())
        return Cost(name, reports, seconds, cpu, counters)

    def cpu(self) -> dict[str, float]:
        """Processor seconds of each process of the system."""
        system = self._engines.system
        pids: dict[str, int | None] = {name: system.service(name).pid() for name in SERVICES}
        pids |= {"mongod": system.mongod.child.pid(), "kafka": system.kafka.child.pid()}
        pids |= {"mailbox": system.mailbox.pid(), **self._others}
        return {name: cpu_seconds(pid) for name, pid in pids.items()}

    def _renewals(self) -> Counters:
        """Renewed leases, which are idle work: whether a short stretch has two or three of each process is chance."""
        commits = (self._engines.commits(f"{service}.{LEASES}", self._since, "u") for service in SERVICES)
        return Counters({"updated": sum(one.events for one in commits)})

    def counters(self) -> Counters:
        """The counters of mongod, without the requests of the benchmark."""
        status = self._engines.client.admin.command("serverStatus")
        return Counters.read(status, self._engines.own.count)


async def idle(engines: Engines, seconds: float = IDLE_SECONDS, name: str = IDLE) -> Cost:
    """What the system spends while nothing happens."""
    meter = Meter(engines)
    await asyncio.sleep(seconds)
    return meter.stop(name, 0)
