"""Publish a reviewed text about a report, and take it back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from intake.domain.categories import Categories
from intake.domain.publications import Act, Publication, Review, reviewed
from intake.domain.reports import Report, Status
from intake.handlers.documents import CATEGORIES, PUBLICATIONS


@dataclass(frozen=True)
class PublishText:
    """Publish a text about a report, its fields encrypted; `by` is the issuer's id of who reviewed it."""

    report_id: str
    publication_id: str
    by: str
    fields: Mapping[str, bytes]


@dataclass(frozen=True)
class TakeBackText:
    """Take the public text of a report back; `by` is the issuer's id of who does it."""

    report_id: str
    by: str


def publish_text(
    command: PublishText,
    report: Report | None,
    publication: Publication | None,
    categories: Categories | None,
    moment: Moment,
) -> Change:
    """Make the text public in place of the present one; the same command again changes nothing.

    Raises Refused for a missing report (404), and for one that is withdrawn or whose category is private (409).
    """
    if report is None:
        raise _no_such_report()
    publication = publication or Publication(report.report_id)
    if publication.id == command.publication_id:
        return Change(answer={"known": True})
    check_public(report, categories)
    published = replace(publication, id=command.publication_id, fields=command.fields)
    review = Review(Act.PUBLISHED.value, command.by, moment.now)
    return Change(write=[PUBLICATIONS.put(reviewed(published, review))], answer={"known": False})


def take_back_text(
    command: TakeBackText, report: Report | None, publication: Publication | None, moment: Moment
) -> Change:
    """Delete the public text; without one nothing changes. Raises Refused for a missing report (404)."""
    if report is None:
        raise _no_such_report()
    if publication is None or not publication.is_public:
        return Change(answer={"known": True})
    review = Review(Act.TAKEN_BACK.value, command.by, moment.now)
    return Change(
        write=[PUBLICATIONS.put(reviewed(replace(publication, fields={}), review))], answer={"known": False}
    )


def check_public(report: Report, categories: Categories | None) -> None:
    """Raise Refused (409) for a report that is withdrawn or whose category is private: nothing of it is ever public."""
    if categories is None:
        raise Early(CATEGORIES.name, "categories")
    category = categories.category(report.category)
    if category is None or not category.is_public:
        raise Refused("private-category", "Reports of this category are never public.")
    if report.status is Status.WITHDRAWN:
        raise Refused("report-withdrawn", "The report is withdrawn: it is not public.")


def _no_such_report() -> Refused:
    return Refused("no-such-report", "There is no report with this id.", status=404)
