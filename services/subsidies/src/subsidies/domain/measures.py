"""A measure: a published notice with its dates, the rule pack that decides it, and a budget per province."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Measure:
    """Days are ISO dates in Italy; `closes_on` is the last day, None while the notice stays open."""

    code: str
    title: str
    notice_on: str
    opens_on: str
    closes_on: str | None
    pack: str
    budgets: tuple[tuple[str, str], ...]

    def is_open(self, day: date) -> bool:
        """Whether the measure accepts applications on this day."""
        text = day.isoformat()
        return self.opens_on <= text and (self.closes_on is None or text <= self.closes_on)

    def budget_of(self, province: str) -> str | None:
        """The code of the budget for a province; None when the measure has none there."""
        return dict(self.budgets).get(province)


@dataclass(frozen=True)
class Register:
    """The measures in force; `content` is the hash of the measures file, `revision` counts its changes."""

    id: str
    content: str
    measures: tuple[Measure, ...]
    revision: int = 1


def open_measure(measures: Iterable[Measure], day: date) -> Measure | None:
    """The first measure that accepts applications on this day."""
    return next((measure for measure in measures if measure.is_open(day)), None)


def measure_for(measures: Iterable[Measure], code: str, day: date) -> Measure | None:
    """The measure with this code; with an empty code, the first one that is open on this day."""
    if not code:
        return open_measure(measures, day)
    return next((measure for measure in measures if measure.code == code), None)
