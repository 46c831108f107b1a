"""A measure: a published notice with its dates, the rule pack it is decided by, and a budget per province."""

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
        """Whether an application made on this day is taken."""
        text = day.isoformat()
        return self.opens_on <= text and (self.closes_on is None or text <= self.closes_on)

    def budget_of(self, province: str) -> str | None:
        """The code of the budget that pays in a province, if the measure has one there."""
        return dict(self.budgets).get(province)


def open_measure(measures: Iterable[Measure], day: date) -> Measure | None:
    """The first measure that takes applications on this day."""
    return next((measure for measure in measures if measure.is_open(day)), None)
