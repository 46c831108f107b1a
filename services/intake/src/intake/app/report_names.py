"""The names by which people recognise reports in messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from intake.app.registers import Registers
from intake.domain.categories import Category
from intake.domain.places import Place
from intake.domain.reports import Report


@dataclass(frozen=True)
class ReportName:
    """The labels of a report's category and place; None when the label is sensitive or not in the register any more."""

    category: str | None
    place: str | None


async def names_of(registers: Registers, reports: Iterable[Report]) -> Mapping[str, ReportName]:
    """The names of these reports by id; raises Unavailable before the registers are loaded."""
    categories, places = await registers.categories(), await registers.places()
    return {
        one.report_id: _name(categories.category(one.category), places.place(one.place_id)) for one in reports
    }


def _name(category: Category | None, place: Place | None) -> ReportName:
    shown = None if category is None or category.is_sensitive else category.label
    return ReportName(shown, None if place is None else place.label)
