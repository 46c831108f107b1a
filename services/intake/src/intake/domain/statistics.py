"""The public statistics: reports open and closed, and how long it took to close them, without counts that could tell about somebody."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import product

from intake.domain.disclosure import TOTAL, Table, table

MONTHS = 24


class State(StrEnum):
    """What the statistics count: reports that are open or closed now, and in each month those heard and those closed."""

    OPEN = "open"
    CLOSED = "closed"
    HEARD = "heard"


class Part(StrEnum):
    """By what the reports of a neighbourhood are divided."""

    CATEGORY = "category"
    URGENCY = "class"
    MONTH = "month"


@dataclass(frozen=True)
class Fact:
    """What the statistics know of one report; `closed_on` is None while it is open."""

    neighbourhood: str
    category: str
    urgency: str
    heard_on: date
    closed_on: date | None = None
    score: int | None = None

    @property
    def days(self) -> int | None:
        """The days from hearing to closing, 0 on the same day."""
        return None if self.closed_on is None else max(0, (self.closed_on - self.heard_on).days)


@dataclass(frozen=True)
class ClosingTime:
    """Quantiles of the days to the closing, interpolated linearly."""

    median: float
    p75: float
    p90: float


@dataclass(frozen=True)
class Satisfaction:
    """How many reports were given a score from 1 to 5, and the mean of the scores in tenths."""

    answers: int
    mean_tenths: int


@dataclass(frozen=True)
class Statistics:
    """All that is published, of one moment."""

    made_at: datetime
    tables: Mapping[tuple[State, Part], Table]
    times: Mapping[tuple[Part, str, str], ClosingTime]
    satisfaction: Mapping[tuple[str, str], Satisfaction]
    months: Sequence[str]

    def time(self, part: Part, neighbourhood: str = TOTAL, code: str = TOTAL) -> ClosingTime | None:
        """The closing times of a cell whose number of closed reports is published, else None."""
        is_shown = self.tables[State.CLOSED, part].shown(neighbourhood, code)
        return self.times.get((part, neighbourhood, code)) if is_shown else None

    def scores(self, neighbourhood: str = TOTAL, category: str = TOTAL) -> Satisfaction | None:
        """The scores of a cell, or None where their number is not published."""
        return self.satisfaction.get((neighbourhood, category))


def statistics(facts: Sequence[Fact], made_at: datetime, today: date) -> Statistics:
    """The statistics of these reports; withdrawn reports are none of them."""
    closed = [fact for fact in facts if fact.closed_on is not None]
    months = _months(today)
    sets: Mapping[State, Sequence[Fact]] = {
        State.OPEN: [fact for fact in facts if fact.closed_on is None],
        State.CLOSED: closed,
    }
    by: Mapping[Part, Callable[[Fact], str]] = {
        Part.CATEGORY: lambda fact: fact.category,
        Part.URGENCY: lambda fact: fact.urgency,
    }
    areas = sorted({fact.neighbourhood for fact in facts})
    tables = {
        (state, part): _table(areas, _codes(facts, code), ((one.neighbourhood, code(one)) for one in found))
        for state, found in sets.items()
        for part, code in by.items()
    }
    heard = ((fact.neighbourhood, month_of(fact.heard_on)) for fact in facts)
    ended = ((fact.neighbourhood, month_of(fact.closed_on)) for fact in closed if fact.closed_on)
    tables[State.HEARD, Part.MONTH] = _table(areas, months, heard)
    tables[State.CLOSED, Part.MONTH] = _table(areas, months, ended)
    return Statistics(made_at, tables, _times(closed, by), _satisfaction(facts, areas), months)


def month_of(day: date) -> str:
    """The month of a day as year and month: 2026-11."""
    return f"{day.year:04}-{day.month:02}"


def closing_time(days: Iterable[int]) -> ClosingTime:
    """The quantiles of at least one number of days."""
    ordered = sorted(days)
    return ClosingTime(*(_quantile(ordered, share) for share in (0.5, 0.75, 0.9)))


def _quantile(ordered: Sequence[int], share: float) -> float:
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _codes(facts: Iterable[Fact], code: Callable[[Fact], str]) -> Sequence[str]:
    return sorted({code(fact) for fact in facts})


def _table(rows: Sequence[str], columns: Sequence[str], cells: Iterable[tuple[str, str]]) -> Table:
    return table(rows, columns, Counter(cells))


def _times(
    closed: Iterable[Fact], by: Mapping[Part, Callable[[Fact], str]]
) -> Mapping[tuple[Part, str, str], ClosingTime]:
    days: dict[tuple[Part, str, str], list[int]] = defaultdict(list)
    for fact in closed:
        for part, code in by.items():
            for area in (fact.neighbourhood, TOTAL):
                for one in (code(fact), TOTAL):
                    days[part, area, one].append(fact.days or 0)
    return {key: closing_time(found) for key, found in days.items()}


def _satisfaction(facts: Iterable[Fact], areas: Sequence[str]) -> Mapping[tuple[str, str], Satisfaction]:
    scores: dict[tuple[str, str], list[int]] = defaultdict(list)
    rated = [fact for fact in facts if fact.score is not None]
    for fact in rated:
        for cell in product((fact.neighbourhood, TOTAL), (fact.category, TOTAL)):
            scores[cell].append(fact.score or 0)
    if not rated:
        return {}
    cells = ((fact.neighbourhood, fact.category) for fact in rated)
    answers = _table(areas, _codes(rated, lambda fact: fact.category), cells)
    return {
        cell: Satisfaction(count, round(10 * sum(found) / count))
        for cell, found in scores.items()
        if (count := answers.shown(*cell))
    }


def _months(today: date) -> Sequence[str]:
    last = today.year * 12 + today.month - 1
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(last - MONTHS + 1, last + 1)]
