"""The journey on Motor and on PyMongo's own asynchronous client, by turns in one run."""

import asyncio
from collections.abc import Iterator

from bench.costs import TAIL_SECONDS, Cost, Meter, idle
from bench.figures import Figures
from bench.load import Load
from contracts.permissions import SERVICES
from stack.processes import print_stderr

DRIVERS = ("motor", "pymongo")
RATES = (5.0, 20.0)  # reports per second
SECONDS, IDLE_SECONDS, SETTLE_SECONDS = 8.0, 4.0, 3.0
WARM = 60


def name_of(driver: str, what: str) -> str:
    """The name of a cost."""
    return f"driver {driver}, {what}"


async def measure(load: Load, figures: Figures, turns: int) -> None:
    """Restart the services on each driver by turns, and measure idleness and each rate; then restart them as usual."""
    for turn in range(turns):
        for driver in DRIVERS if turn % 2 == 0 else DRIVERS[::-1]:
            print_stderr(f"services on {driver}, turn {turn + 1} of {turns} …")
            await asyncio.to_thread(_restart, load, driver)
            await load.open_loop(await load.bodies(WARM), 20.0)
            await load.wait_until_handled()
            await asyncio.sleep(SETTLE_SECONDS)
            await _measure_on(load, figures, driver)
    await asyncio.to_thread(_restart, load, DRIVERS[0])


async def _measure_on(load: Load, figures: Figures, driver: str) -> None:
    figures.costs.append(await idle(load.engines, IDLE_SECONDS, name_of(driver, "idle")))
    for rate in RATES:
        bodies = await load.bodies(int(rate * SECONDS))
        meter = Meter(load.engines)
        await load.open_loop(bodies, rate)
        await load.wait_until_handled()
        await asyncio.sleep(TAIL_SECONDS)
        figures.costs.append(meter.stop(name_of(driver, f"{rate:.0f}/s"), len(bodies)))


def _restart(load: Load, driver: str) -> None:
    system = load.engines.system
    for name in SERVICES:
        system.stop_service(name)
    for name in SERVICES:
        system.launch_service(name, extra_env={f"{name.upper()}_DRIVER": driver})
    for name in SERVICES:
        system.wait_service(name)


def drivers(figures: Figures) -> Iterator[str]:
    """The processor time of a report on each driver, as Markdown."""
    found = {driver: _costs(figures, driver) for driver in DRIVERS}
    if not all(found.values()):
        return
    columns = [f"ms at {rate:.0f}/s: services, all" for rate in RATES]
    yield f"| the services on | {' | '.join(columns)} | idle, % of a processor: services, all |"
    yield "|---|" + "---:|" * (len(RATES) + 1)
    for driver, costs in found.items():
        rest, *busy = costs
        cells = [f"{one.milliseconds(*SERVICES):.1f}, {one.milliseconds():.1f}" for one in busy]
        yield f"| {driver} | {' | '.join(cells)} | {100 * rest.share(*SERVICES):.1f}, {100 * rest.share():.1f} |"
    first, second = found.values()
    shares = [
        f"{two.milliseconds() / one.milliseconds():.2f}"
        for one, two in zip(first[1:], second[1:], strict=True)
    ]
    yield f"| {DRIVERS[1]} in relation to {DRIVERS[0]}, all processes | {' | '.join(shares)} | |"


def _costs(figures: Figures, driver: str) -> list[Cost]:
    """Idle work, then a report at each rate without it; empty unless all were measured."""
    rest = figures.cost(name_of(driver, "idle"))
    busy = [figures.cost(name_of(driver, f"{rate:.0f}/s")) for rate in RATES]
    return [rest, *(one.less(rest) for one in busy if one)] if rest and all(busy) else []
