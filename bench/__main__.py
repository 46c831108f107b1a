"""The verb `bench`: every arm in turn, then the whole system; raw figures, a table, a picture and one last line."""

import argparse
import asyncio
import logging
import os
import platform
import random
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version

from bench import report, wakeups
from bench.engines import Engines
from bench.events import reports
from bench.figures import Figures, Latency
from bench.journey import Journey
from bench.kills import KILLED, kill_and_count
from bench.plot import draw
from bench.runs import ARMS, NAIVE, drain, fresh, time_single_facts
from bench.sizes import FULL, QUICK, Sizes
from stack.files import write_atomically
from stack.processes import Child, StackError, print_stderr
from stack.system import System
from stack.tools import KAFKA, MONGOD, REPOSITORY

STATE = REPOSITORY / ".state" / "bench"
RESULTS = REPOSITORY / "bench" / "results"
PAGE = REPOSITORY / "docs" / "speed.md"
USUAL = ("drain", "relay", "kills", "journey")
PARTS = (*USUAL, "wakeups")
PACKAGES = ("faststream", "aiokafka", "motor", "pymongo", "pydantic", "uvloop", "fastapi", "uvicorn")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, leave the results, print the last line; 1 when this project lost or doubled anything."""
    asked = _parse(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended from outside"))
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # a topic's first leader is elected while we write
    if asked.write:
        report.placed(PAGE.read_text(), "")  # says at once when there is nowhere to write
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    figures = Figures(seed, _conditions(asked.quick))
    try:
        with _engines() as engines:
            asyncio.run(_measure(engines, figures, QUICK if asked.quick else FULL, asked))
    finally:
        _keep(figures, asked)
    broken = [row for row in figures.killed if row.arm.startswith("ours") and row.lost + row.doubled]
    return 1 if broken else 0


def _keep(figures: Figures, asked: argparse.Namespace) -> None:
    """Leave what was measured, also when a later part failed."""
    folder = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-{figures.seed}{'-quick' if asked.quick else ''}"  # noqa: TID251
    report.save(figures, folder)
    draw(figures, folder / "bench.png")
    if asked.write:
        write_atomically(PAGE, report.placed(PAGE.read_text(), report.table(figures)))
    print(report.table(figures))
    print_stderr(f"raw figures, table and picture: {folder.relative_to(REPOSITORY)}")
    print(report.last_line(figures), flush=True)


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and one round, three minutes at most"
    )
    parser.add_argument("--seed", type=int, help="the events of this seed; a fresh one when left out")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/speed.md")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS, help="drain only these")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=USUAL, help="measure only these")
    return parser.parse_args(words)


def _conditions(quick: bool) -> dict[str, str]:
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    return {
        "size": "quick" if quick else "full",
        "processors": f"{os.cpu_count()} ({platform.machine()}), shared by everything",
        "load at start": load,
        "python": platform.python_version(),
        "engines": f"{KAFKA}, {MONGOD}, one node each, majority and journal",
        "packages": " ".join(f"{name} {version(name)}" for name in PACKAGES),
        "began": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",  # noqa: TID251
    }


@contextmanager
def _engines() -> Iterator[Engines]:
    """Engines of this run alone, empty at its start and gone at its end."""
    system = System(STATE)
    system.stop()
    for folder in (STATE / "arms").glob("*"):
        Child("arm", folder).kill()  # what a run that was killed left behind
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        print_stderr("starting engines …")
        system.start_engines()
        system.secrets.make()
        yield Engines(system)
    finally:
        system.stop()


async def _measure(engines: Engines, figures: Figures, sizes: Sizes, asked: argparse.Namespace) -> None:
    rng, parts = random.Random(figures.seed), asked.parts
    if "drain" in parts:
        await _drains(engines, figures, sizes, rng, asked.arms)
    if "relay" in parts:
        print_stderr(f"{sizes.facts} single facts, each timed from its commit to the broker's yes …")
        took = await time_single_facts(fresh(engines, "relay-latency", rng), sizes.facts)
        figures.latencies.append(Latency(report.RELAYED, 20.0, took))
    if "kills" in parts:
        await _kills(engines, figures, sizes, rng)
    if "wakeups" in parts:
        figures.wakeups += await wakeups.measure(engines, 100.0, 10.0)
    if "journey" in parts:
        print_stderr("starting the four services …")
        engines.system.start()
        await Journey(engines, figures, sizes).measure()


async def _drains(
    engines: Engines, figures: Figures, sizes: Sizes, rng: random.Random, arms: Sequence[str]
) -> None:
    events = list(reports(figures.seed, sizes.warm + sizes.batched))
    total = sizes.rounds * len(arms)
    for number in range(total):
        turn, arm = number // len(arms) + 1, arms[number % len(arms)]
        warm = sizes.warm if arm != NAIVE else sizes.one_by_one // 4
        count = sizes.batched if arm != NAIVE else sizes.one_by_one
        found = await drain(fresh(engines, arm, rng), turn, events[:warm], events[warm : warm + count])
        figures.drains.append(found)
        print_stderr(f"[{number + 1}/{total}] round {turn}, {arm}: {found.per_second:,.0f} events/s")


async def _kills(engines: Engines, figures: Figures, sizes: Sizes, rng: random.Random) -> None:
    events = list(reports(figures.seed + 1, sizes.killed_batched))
    for arm in KILLED:
        count = sizes.killed_one_by_one if arm == NAIVE else sizes.killed_batched
        found = await kill_and_count(fresh(engines, arm, rng), events[:count], sizes.kills, rng)
        figures.killed.append(found)
        print_stderr(
            f"{arm}: {found.kills} kills, {found.lost} lost, {found.doubled} doubled, {found.copies} copies"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, ValueError) as error:
        sys.exit(f"bench: {error}")
