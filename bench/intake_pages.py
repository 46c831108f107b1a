"""`make bench-pages`: what each page costs with a thousand reports and with a hundred thousand, in processor time."""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import uvloop

from bench.engines import mongod_in
from bench.page_requests import Asked, asked_of
from bench.page_services import SERVICES, Served, serving
from bench.stored_reports import LATEST, Agency
from chassis.clock import utc_now
from chassis.runtime.server import collect_seldom

MOST_DEARER = 1.2


@dataclass(frozen=True)
class Cost:
    """The processor time of one request, in milliseconds: of the service, and of mongod."""

    service: float
    mongod: float

    @property
    def all(self) -> float:
        """Of both."""
        return self.service + self.mongod


class Meter:
    """Measures requests by the processor time that this process and mongod used meanwhile."""

    def __init__(self, mongod: int | None) -> None:
        self._tasks = Path(f"/proc/{mongod}/task")

    async def cost(self, served: Served, asked: Asked, times: int) -> Cost:
        """The cost of one of so many requests."""
        ours, theirs = time.process_time_ns(), self.mongod()
        for _ in range(times):
            await served.ask(asked)
        spent = (time.process_time_ns() - ours, self.mongod() - theirs)
        return Cost(*(one / times / 1e6 for one in spent))

    def mongod(self) -> int:
        """The nanoseconds on a processor of all its threads."""
        return sum(map(_ran, self._tasks.iterdir()))


def _ran(thread: Path) -> int:
    """The nanoseconds of a thread; 0 for one that has ended meanwhile."""
    try:
        return int((thread / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each part."""
    return Cost(median(one.service for one in costs), median(one.mongod for one in costs))


@dataclass(frozen=True)
class Comparison:
    """The cost with few and with many reports, in pairs that were measured one after the other."""

    pairs: Sequence[tuple[Cost, Cost]]

    @property
    def ratio(self) -> float:
        """How much more it costs with many: the median of the pairs, each of which had the machine in one state."""
        return median(many.all / few.all for few, many in self.pairs)

    @property
    def is_dear(self) -> bool:
        """Whether it costs over a fifth more."""
        return self.ratio > MOST_DEARER

    def line(self, service: str, asked: Asked) -> str:
        """The line of this request."""
        few, many = (middle(costs) for costs in zip(*self.pairs, strict=True))
        return (
            f"{service:10}{asked.name:42}{few.all:8.2f} ms{many.all:8.2f} ms  ×{self.ratio:4.2f}   "
            f"service {few.service:.2f} {many.service:.2f}, mongod {few.mongod:.2f} {many.mongod:.2f}"
            f"{'  full list' if asked.full else ''}{'  !' if self.is_dear else ''}\n"
        )


async def compare(meter: Meter, few: Served, many: Served, asked: Asked, rounds: int) -> Comparison:
    """Measure in turns; what seems dear is measured again, longer, because the machine has other work too."""
    found = await _pairs(meter, few, many, asked, rounds)
    return await _pairs(meter, few, many, asked, 3 * rounds) if found.is_dear else found


async def _pairs(meter: Meter, few: Served, many: Served, asked: Asked, rounds: int) -> Comparison:
    for served in (few, many):
        for _ in range(3):
            await served.ask(asked)
    once = (await meter.cost(few, asked, 2)).all
    times = max(2, min(20, round(30 / max(once, 0.1))))
    return Comparison(
        [(await meter.cost(few, asked, times), await meter.cost(many, asked, times)) for _ in range(rounds)]
    )


async def measure(uri: str, pid: int | None, options: argparse.Namespace) -> int:
    """Store, ask and print; return how many requests cost too much more."""
    dear, agency, meter = 0, Agency(options.now), Meter(pid)
    full = Agency(options.now, full=True)
    for service in options.services:
        async with (
            serving(service, uri, agency, LATEST) as few,
            serving(service, uri, full, LATEST) as few_but_full,
            serving(service, uri, agency, options.reports) as many,
        ):
            collect_seldom()  # as a process that serves
            for asked in asked_of(service, agency):
                if options.only and not re.search(options.only, f"{service} {asked.name}"):
                    continue
                least = few_but_full if asked.full else few
                found = await compare(meter, least, many, asked, options.rounds)
                dear += found.is_dear
                sys.stdout.write(found.line(service, asked))
                sys.stdout.flush()
            missing = many.without(asked_of(service, agency))
            if missing:
                sys.stdout.write(f"{service:10}not asked: {', '.join(missing)}\n")
    return dear


def begun_at(folder: Path) -> datetime:
    """Since when the database in this folder is: its latest report came just before."""
    file = folder / "begun-at"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(utc_now().isoformat(), encoding="utf-8")
    return datetime.fromisoformat(file.read_text("utf-8"))


def main(words: Sequence[str]) -> int:
    """Start a MongoDB, measure, and stop it; 1 when a page costs over a fifth more with many reports."""
    parser = argparse.ArgumentParser(prog="bench.intake_pages", description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--services", nargs="*", default=SERVICES, choices=SERVICES)
    parser.add_argument("--only", default="")
    parser.add_argument("--folder", type=Path, help="where the database stays for the next time")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        options.now = begun_at(folder)
        with mongod_in(folder) as system:
            dear = uvloop.run(measure(system.mongod.admin, system.mongod.child.pid(), options))
    return 1 if dear else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
