"""The tables of what a report costs, and the line about it for machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.accept import DOOR, INTAKE
from bench.bare import BARE, BARE_IDLE
from bench.costs import IDLE, WORKERS, Cost
from bench.counters import ABORTED, COMMITTED, REQUESTS, WRITES
from bench.figures import Figures
from bench.half_busy import ANSWER, LETTER
from bench.journey import END_TO_END, QUIET, RATES, STEADY
from bench.runs import FLOOR, OURS
from contracts.permissions import SERVICES

COLUMNS = {
    QUIET: f"{RATES[QUIET]:.0f}/s",
    STEADY: f"{RATES[STEADY]:.0f}/s",
    BARE: f"plain drivers, {RATES[STEADY]:.0f}/s",
    END_TO_END: f"{RATES[END_TO_END]:.0f}/s",
}
Rows = dict[str, Callable[[Cost], str]]


@dataclass(frozen=True)
class Arm:
    """One measured column: everything that was spent, and the same without idle work of the same length."""

    name: str
    whole: Cost
    busy: Cost


def arms(figures: Figures) -> list[Arm]:
    """What was measured, with its idle work; the plain drivers have their own."""
    found = []
    for name in COLUMNS:
        whole, rest = figures.cost(name), figures.cost(BARE_IDLE if name == BARE else IDLE)
        if whole and rest:
            found.append(Arm(name, whole, whole.less(rest)))
    return found


def journey_line(figures: Figures) -> str:
    """What a report costs, in a form that machines read; `-` stands for what was not measured."""
    quiet = next((arm.busy for arm in arms(figures) if arm.name == QUIET), None)
    floor = figures.rate(FLOOR)
    drained = figures.rate(OURS) / floor if floor else None
    requests, transactions = (quiet.counted(name) if quiet else None for name in (REQUESTS, COMMITTED))
    sustained, letter = figures.sustained, figures.latency(LETTER)
    ends = [letter.at(share) if letter.values else None for share in (0.5, 0.99)]
    return (
        f"journey: drain {_number(drained, 2)} of floor, report {_number(ratio(figures))}× bare, "
        f"{_number(requests)} requests, {_number(transactions)} transactions, "
        f"letters {_number(sustained.get('letters handed over'), 0)}/s, "
        f"half-busy {_number(sustained.get('half-busy rate'), 0)}/s p50 {_number(ends[0], 0)} ms p99 {_number(ends[1], 0)} ms"
    )


def ratio(figures: Figures, *, idle: bool = False) -> float | None:
    """The processor time of a report in relation to the same work on plain drivers; idle work is left out by default."""
    found = {arm.name: arm.whole if idle else arm.busy for arm in arms(figures)}
    if STEADY not in found or BARE not in found:
        return None
    return found[STEADY].milliseconds() / found[BARE].milliseconds()


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def costs(figures: Figures) -> Iterator[str]:
    """What a report costs at each rate, beside the same work on plain drivers, and what idle work costs."""
    found = arms(figures)
    if not found:
        return
    yield f"| a report with its letters | {' | '.join(COLUMNS[arm.name] for arm in found)} |"
    yield "|---|" + "---:|" * len(found)
    for text, value in _rows().items():
        yield f"| {text} | {' | '.join(value(arm.busy) for arm in found)} |"
    yield f"| processor time with idle work, ms | {' | '.join(f'{arm.whole.milliseconds():.1f}' for arm in found)} |"
    yield ""
    yield from _sentences(figures)


def _rows() -> Rows:
    counted: Rows = {
        "requests to MongoDB": lambda cost: f"{cost.counted(REQUESTS):.1f}",
        "the most frequent of them": _commands,
        "transactions": lambda cost: f"{cost.counted(COMMITTED):.2f}",
        "transactions aborted and retried, all reports together": lambda cost: (
            f"{cost.counters.totals[ABORTED]:.0f}"
        ),
        "documents written": lambda cost: f"{cost.writes:.1f}",
        "documents inserted, updated, deleted": lambda cost: ", ".join(
            f"{cost.counted(name):.1f}" for name in WRITES
        ),
        "processor time, ms": lambda cost: f"{cost.milliseconds():.1f}",
    }
    spent: Rows = {
        f"of that, {name}": lambda cost, name=name: f"{cost.milliseconds(name):.1f}"  # type: ignore[misc]
        for name in WORKERS
    }
    return counted | spent | {"of that, the client of the plain drivers": _client}


def _client(cost: Cost) -> str:
    return f"{cost.milliseconds(BARE):.1f}" if BARE in cost.cpu else ""


def _commands(cost: Cost) -> str:
    found = sorted(cost.counters.commands.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {n / cost.reports:.1f}" for name, n in found if n >= 0.2 * cost.reports)


def _sentences(figures: Figures) -> Iterator[str]:
    if (busy := ratio(figures)) and (whole := ratio(figures, idle=True)):
        yield (
            f"Idle work of the same length is left out above the last line. At {RATES[STEADY]:.0f} reports/s a report costs "
            f"{busy:.1f} times as much processor time as its documents, records and letters with plain drivers in equally large "
            f"batches ({whole:.1f} times with idle work)."
        )
        yield ""
    if rest := figures.cost(IDLE):
        yield _idle(rest)
        yield ""
    if (intake := figures.cost(INTAKE)) and (door := figures.cost(DOOR)):
        ours, bare = intake.milliseconds(INTAKE), door.milliseconds(DOOR)
        yield (
            f"Saturated, an accepted report costs intake {ours:.2f} ms; a bare Starlette route that validates and inserts costs "
            f"{bare:.2f} ms, so {ours / bare:.1f} times as much."
        )
        yield ""
    if rate := figures.sustained.get("half-busy rate"):
        letter, answer = figures.latency(LETTER), figures.latency(ANSWER)
        yield (
            f"At {rate:.0f} reports/s {100 * figures.sustained['half-busy share']:.0f} % of the processors are busy: form → letter p50 "
            f"{letter.at(0.5):.0f} ms, p99 {letter.at(0.99):.0f} ms; form → answer 201 p50 {answer.at(0.5):.0f} ms, "
            f"p99 {answer.at(0.99):.0f} ms."
        )


def _idle(rest: Cost) -> str:
    shares = ", ".join(f"{name} {100 * rest.share(name):.1f}" for name in WORKERS)
    requests = rest.counters.totals[REQUESTS] / rest.seconds
    return (
        f"Idle: {100 * rest.share(*SERVICES):.1f} % of a processor in the four services together, {100 * rest.share():.1f} % in "
        f"all processes ({shares}), {requests:.1f} requests/s to MongoDB."
    )
