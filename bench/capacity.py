"""From one machine to a region: how many processors, processes and bytes a rate of reports needs, from measured costs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.costs import IDLE, WORKERS
from bench.figures import Figures, Scaled
from bench.journey import END_TO_END
from contracts.permissions import SERVICES

# What the arithmetic assumes; change them here and write the tables again.
BUSY = 0.5  # of the processors, so that a failed machine's work and the busiest minute fit in
PARTITIONS = 12
SERVER_PROCESSORS = 16  # of the one server of MongoDB that takes writes, and of a broker
REPORTS_PER_DWELLING = 4  # a year
BUSIEST_HOUR = 0.002  # of a year's reports
SITES = {"an agency": 30_000, "a region": 150_000, "ten regions": 1_500_000}  # dwellings
RATES = (1, 10, 100, 1_000)
GB = 1e9


@dataclass(frozen=True)
class Limit:
    """A part of the system, and the reports per second at which it has no processor left."""

    part: str
    reports: float
    growth: str


def limits(cost: Mapping[str, float]) -> list[Limit]:
    """The limits, the first one first; `cost` has processor milliseconds per report by process.

    A process of a service is one Python interpreter and uses about one processor.
    """
    found = [
        Limit(name, PARTITIONS * 1000 / cost[name], f"{PARTITIONS} processes, one for each partition")
        for name in SERVICES
    ]
    servers = {
        "mongod": "a sharded cluster, or a cluster for each service: no transaction spans two of them",
        "kafka": "more brokers, among which partitions are spread",
    }
    found += [Limit(name, SERVER_PROCESSORS * 1000 / cost[name], growth) for name, growth in servers.items()]
    return sorted(found, key=lambda limit: limit.reports)


def processors(cost: Mapping[str, float], rate: float) -> dict[str, float]:
    """The processors that each part needs at so many reports per second."""
    return {name: rate * cost[name] / 1000 / BUSY for name in WORKERS}


def peak(dwellings: int) -> float:
    """Reports per second in the busiest hour of a year."""
    return dwellings * REPORTS_PER_DWELLING * BUSIEST_HOUR / 3600


def capacity(figures: Figures) -> str | None:
    """The tables as Markdown; None unless both a report's cost and several processes were measured."""
    whole, rest = figures.cost(END_TO_END), figures.cost(IDLE)
    if whole is None or rest is None or not figures.scaled:
        return None
    whole = whole.less(rest)
    cost = {name: whole.milliseconds(name) for name in WORKERS}
    stored = (figures.sustained.get("mongod bytes", 0.0), figures.sustained.get("kafka bytes", 0.0))
    parts = (_scaled(figures.scaled), _processors(cost), _limits(cost), _sites(cost, *stored))
    closing = f'Seed {figures.seed}; {figures.conditions.get("processors", "")}; measured by `make bench PARTS="journey scale"`.'
    return "\n\n".join("\n".join(part) for part in parts) + f"\n\n{closing}\n"


def _scaled(rows: list[Scaled]) -> Iterator[str]:
    yield "| processes | done per second | of one process | ms of these processes for each | ms of all processes | processors busy |"
    yield "|---|---:|---:|---:|---:|---:|"
    for row in rows:
        one = next(first for first in rows if first.service == row.service)
        what = "reports" if row.service == "routing" else "letters"
        yield (
            f"| {row.processes} of {row.service} ({what}) | {row.per_second:,.0f} | {row.per_second / one.per_second:.2f} | "
            f"{row.own_ms:.2f} | {row.all_ms:.2f} | {100 * row.share:.0f} % |"
        )


def _processors(cost: Mapping[str, float]) -> Iterator[str]:
    yield f"| processors, {100 * BUSY:.0f} % of them busy | s for 1,000 reports | {' | '.join(f'{rate:,}/s' for rate in RATES)} |"
    yield "|---|---:|" + "---:|" * len(RATES)
    for name in WORKERS:
        cells = [f"{processors(cost, rate)[name]:.2g}" for rate in RATES]
        yield f"| {name} | {cost[name]:.1f} | {' | '.join(cells)} |"
    sums = [f"{sum(processors(cost, rate).values()):.2g}" for rate in RATES]
    yield f"| together | {sum(cost.values()):.1f} | {' | '.join(sums)} |"


def _limits(cost: Mapping[str, float]) -> Iterator[str]:
    yield "| bottleneck | full at, reports/s | its size here, and how it grows |"
    yield "|---|---:|---|"
    for limit in limits(cost)[:3]:
        yield f"| {limit.part} | {limit.reports:,.0f} | {limit.growth} |"


def _sites(cost: Mapping[str, float], mongod: float, kafka: float) -> Iterator[str]:
    yield "| | dwellings | reports a year | busiest hour, reports/s | processors | MongoDB, GB a year | Kafka, GB a year |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, dwellings in SITES.items():
        year, rate = dwellings * REPORTS_PER_DWELLING, peak(dwellings)
        needed = math.ceil(10 * sum(processors(cost, rate).values())) / 10
        yield (
            f"| {name} | {dwellings:,} | {year:,} | {rate:.2f} | {needed:.1f} | {year * mongod / GB:.1f} | {year * kafka / GB:.1f} |"
        )
