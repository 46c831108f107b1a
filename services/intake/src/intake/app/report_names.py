"""The names by which people recognise reports in messages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.service import ServiceContext
from intake.app.registers import Registers
from intake.domain.categories import Category
from intake.domain.places import Place
from intake.domain.reports import Report
from intake.queries.reports import reports_with_code, reports_with_contents


@dataclass(frozen=True)
class ReportName:
    """A report's code and the labels of its category and place; None for a sensitive label or one that left the register.

    `subject` is the category of the label, for who writes it in another language.
    """

    tracking_code: str
    category: str | None
    place: str | None
    subject: Category | None = None


async def names_of(registers: Registers, reports: Iterable[Report]) -> Mapping[str, ReportName]:
    """The names of these reports by id; raises Unavailable before the registers are loaded."""
    categories, places = await registers.categories(), await registers.places()
    return {
        one.report_id: _name(one, categories.category(one.category), places.place(one.place_id))
        for one in reports
    }


async def named_reports(
    context: ServiceContext, registers: Registers, report_ids: Sequence[str], code: str | None
) -> Mapping[str, ReportName]:
    """The names of the reports with these ids or this tracking code; those that do not exist are left out."""
    found = list(await reports_with_code(context, code)) if code else []
    if report_ids:
        found += [one.report for one in (await reports_with_contents(context, report_ids)).values()]
    return await names_of(registers, found)


def _name(report: Report, category: Category | None, place: Place | None) -> ReportName:
    shown = None if category is None or category.is_sensitive else category
    return ReportName(
        report.tracking_code, shown.label if shown else None, place.label if place else None, shown
    )
