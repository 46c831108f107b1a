"""`make bench`: measures every variant, then the whole system, and writes raw figures, a table, a plot and a summary line."""

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
from bench.capacity import capacity
from bench.cost_plot import draw_costs
from bench.cost_report import journey_line
from bench.engines import Engines
from bench.events import reports
from bench.figures import Figures, Latency
from bench.journey import Journey
from bench.kills import KILLED, kill_and_count
from bench.plot import draw
from bench.runs import NAIVE, VARIANTS, drain, new_run, time_single_facts
from bench.sizes import FULL, QUICK, Sizes
from stack.files import write_atomically
from stack.processes import Child, StackError, print_stderr
from stack.system import System
from stack.tools import KAFKA, MONGOD, REPOSITORY

STATE = REPOSITORY / ".state" / "bench"
RESULTS = REPOSITORY / "bench" / "results"
PAGE = REPOSITORY / "docs" / "speed.md"
CAPACITY = REPOSITORY / "docs" / "capacity.md"
PICTURES = REPOSITORY / "docs" / "pictures"
SHOWN = """
![Processor time of a report by process, at each rate and with plain drivers](pictures/speed-costs.png)

![Throughput of each variant, and latencies](pictures/speed.png)
"""
USUAL = ("drain", "relay", "kills", "journey")
SYSTEM = frozenset({"journey", "cost", "scale", "drivers"})  # need the four services
PARTS = (*USUAL, "cost", "scale", "drivers", "wakeups")
PACKAGES = ("faststream", "aiokafka", "motor", "pymongo", "pydantic", "uvloop", "fastapi", "uvicorn")


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark, save the results and print the summary line; return 1 when this project lost or doubled an event."""
    args = _parse(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # writes that race with a topic's first leader election log errors
    if args.write:
        for page in (PAGE, CAPACITY):
            report.with_table(page.read_text(), "")  # fails before the run when the page lacks its markers
    seed = secrets.randbelow(10**6) if args.seed is None else args.seed
    figures = Figures(seed, _conditions(args.quick))
    try:
        with _engines() as engines:
            asyncio.run(_measure(engines, figures, QUICK if args.quick else FULL, args))
    finally:
        _keep(figures, args)
    broken = [row for row in figures.killed if row.arm.startswith("ours") and row.lost + row.doubled]
    return 1 if broken else 0


def _keep(figures: Figures, args: argparse.Namespace) -> None:
    """Save what was measured, also after a later part failed."""
    folder = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-{figures.seed}{'-quick' if args.quick else ''}"  # noqa: TID251
    report.save(figures, folder)
    draw(figures, folder / "bench.png")
    draw_costs(figures, folder / "costs.png")
    if args.write:
        _write(figures, args)
    print(report.table(figures))
    print_stderr(f"raw figures, table and plot: {folder.relative_to(REPOSITORY)}")
    print(report.last_line(figures))
    print(journey_line(figures), flush=True)


def _write(figures: Figures, args: argparse.Namespace) -> None:
    """Write tables and pictures to the documents; those of parts that were not measured stay as they are."""
    if set(USUAL) <= set(args.parts):
        draw(figures, PICTURES / "speed.png")
        draw_costs(figures, PICTURES / "speed-costs.png")
        write_atomically(PAGE, report.with_table(PAGE.read_text(), report.table(figures) + SHOWN))
    if found := capacity(figures):
        write_atomically(CAPACITY, report.with_table(CAPACITY.read_text(), found))


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and one round, at most four minutes"
    )
    parser.add_argument("--seed", type=int, help="seed of the events; random when omitted")
    parser.add_argument(
        "--write", action="store_true", help="write the tables to docs/speed.md and docs/capacity.md"
    )
    parser.add_argument(
        "--variants", nargs="+", choices=VARIANTS, default=VARIANTS, help="drain only these variants"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=USUAL, help="measure only these")
    parser.add_argument(
        "--breakdown", action="store_true", help="print MongoDB requests by service, collection and command"
    )
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
    """Start empty engines for this run and delete them at its end."""
    system = System(STATE)
    system.stop()
    for folder in (STATE / "variants").glob("*"):
        Child("variant", folder).kill()  # left over from a killed run
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        print_stderr("starting engines …")
        system.start_engines()
        system.secrets.make()
        yield Engines(system)
    finally:
        system.stop()


async def _measure(engines: Engines, figures: Figures, sizes: Sizes, args: argparse.Namespace) -> None:
    rng, parts = random.Random(figures.seed), args.parts
    if "drain" in parts:
        await _drains(engines, figures, sizes, rng, args.variants)
    if "relay" in parts:
        print_stderr(
            f"{sizes.facts} single facts, each timed from its commit to the broker's acknowledgement …"
        )
        took = await time_single_facts(new_run(engines, "relay-latency", rng), sizes.facts)
        figures.latencies.append(Latency(report.RELAYED, 20.0, took))
    if "kills" in parts:
        await _kills(engines, figures, sizes, rng)
    if "wakeups" in parts:
        figures.wakeups += await wakeups.measure(engines, 100.0, 10.0)
    if SYSTEM & set(parts):
        print_stderr("starting the four services …")
        engines.system.start()
        await Journey(engines, figures, sizes, args.breakdown).measure(parts)


async def _drains(
    engines: Engines, figures: Figures, sizes: Sizes, rng: random.Random, variants: Sequence[str]
) -> None:
    events = list(reports(figures.seed, sizes.warm + sizes.batched))
    total = sizes.rounds * len(variants)
    for number in range(total):
        round_number, variant = number // len(variants) + 1, variants[number % len(variants)]
        warm = sizes.warm if variant != NAIVE else sizes.one_by_one // 4
        count = sizes.batched if variant != NAIVE else sizes.one_by_one
        found = await drain(
            new_run(engines, variant, rng), round_number, events[:warm], events[warm : warm + count]
        )
        figures.drains.append(found)
        print_stderr(
            f"[{number + 1}/{total}] round {round_number}, {variant}: {found.per_second:,.0f} events/s"
        )


async def _kills(engines: Engines, figures: Figures, sizes: Sizes, rng: random.Random) -> None:
    events = list(reports(figures.seed + 1, sizes.killed_batched))
    for variant in KILLED:
        count = sizes.killed_one_by_one if variant == NAIVE else sizes.killed_batched
        found = await kill_and_count(new_run(engines, variant, rng), events[:count], sizes.kills, rng)
        figures.killed.append(found)
        print_stderr(
            f"{variant}: {found.kills} kills, {found.lost} lost, {found.doubled} doubled, {found.copies} copies"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, ValueError) as error:
        sys.exit(f"bench: {error}")
