"""The table of what a report costs, and its line for machines."""

from collections.abc import Callable, Iterator

from bench.costs import IDLE, WORKERS, Cost
from bench.counters import ABORTED, COMMITTED, REQUESTS, WRITES
from bench.figures import Figures
from bench.journey import END_TO_END, QUIET, RATES, STEADY
from bench.runs import FLOOR, OURS
from contracts.permissions import SERVICES

SHOWN = (QUIET, STEADY, END_TO_END)


def journey_line(figures: Figures) -> str:
    """What a report costs, in a form that machines read; `-` stands for what was not measured."""
    quiet, floor = _busy(figures, QUIET), figures.rate(FLOOR)
    drained = figures.rate(OURS) / floor if floor else None
    requests, transactions = (quiet.counted(name) if quiet else None for name in (REQUESTS, COMMITTED))
    letters = figures.sustained.get("letters handed over")
    return (
        f"journey: drain {_number(drained, 2)} of floor, {_number(requests)} requests, "
        f"{_number(transactions)} transactions, letters {_number(letters, 0)}/s"
    )


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def costs(figures: Figures) -> Iterator[str]:
    """What a report costs at each rate, without idle work, and what idle work costs."""
    found = [cost for name in SHOWN if (cost := _busy(figures, name))]
    rest = figures.cost(IDLE)
    if not found or rest is None:
        return
    yield f"| a report with its letters, without idle work | {' | '.join(f'{RATES[one.name]:.0f}/s' for one in found)} |"
    yield "|---|" + "---:|" * len(found)
    for text, value in _rows().items():
        yield f"| {text} | {' | '.join(value(one) for one in found)} |"
    yield ""
    yield _idle(rest)


def _busy(figures: Figures, name: str) -> Cost | None:
    found, rest = figures.cost(name), figures.cost(IDLE)
    return found.less(rest) if found and rest else found


def _rows() -> dict[str, Callable[[Cost], str]]:
    return {
        "requests to MongoDB": lambda cost: f"{cost.counted(REQUESTS):.1f}",
        "the most frequent commands": _commands,
        "transactions committed": lambda cost: f"{cost.counted(COMMITTED):.2f}",
        "transactions aborted and retried, all reports together": lambda cost: (
            f"{cost.counters.totals[ABORTED]:.0f}"
        ),
        "documents written": lambda cost: f"{cost.writes:.1f}",
        "documents inserted, updated, deleted": lambda cost: ", ".join(
            f"{cost.counted(name):.1f}" for name in WRITES
        ),
        "processor time, ms": lambda cost: f"{cost.milliseconds():.1f}",
        ", ".join(WORKERS): lambda cost: ", ".join(f"{cost.milliseconds(one):.1f}" for one in WORKERS),
    }


def _commands(cost: Cost) -> str:
    found = sorted(cost.counters.per(cost.reports).commands.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {count:.1f}" for name, count in found if count >= 0.2)


def _idle(rest: Cost) -> str:
    shares = ", ".join(f"{name} {100 * rest.share(name):.1f}" for name in WORKERS)
    requests = rest.counters.totals[REQUESTS] / rest.seconds
    return (
        f"Idle: {100 * rest.share(*SERVICES):.1f} % of a processor in the four services together, {100 * rest.share():.1f} % in "
        f"all processes ({shares}), {requests:.1f} requests/s to MongoDB."
    )
