"""What the staff pages share: guards, the reader of a page, labels of category and place, and the way back."""

from collections.abc import Mapping, Sequence
from functools import partial

from fastapi import Request, Response

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import ServiceContext
from intake.app.readings import Reader
from intake.app.use_cases import UseCases
from intake.domain.questions import Answers
from intake.domain.reports import Report
from intake.entrypoints.pages.question_fields import answers_in_words
from webkit.addresses import own_path
from webkit.guards import SessionGuard
from webkit.login import Show, Visitor
from webkit.site import Site

HOME = "/segnalazioni"
Crumbs = tuple[tuple[str, str], ...]
WORKERS = ("operator", "coordinator")
STAFF = (*WORKERS, "officer")
AUDITORS = ("coordinator", "ops")


class Desk:
    """The staff pages' site, guards and use cases."""

    def __init__(self, context: ServiceContext, use_cases: UseCases, site: Site) -> None:
        self.context, self.use_cases, self.site = context, use_cases, site

    def guard(self, *roles: str) -> SessionGuard:
        """Restricts a page to these roles."""
        return self.site.guard(self.context, *roles)

    def fragment_guard(self, *roles: str) -> SessionGuard:
        """Restricts a fragment to these roles; what it refuses is told in a fragment."""
        return self.site.guard(self.context, *roles, show_for=self._show_in_fragment)

    def new_id(self) -> str:
        """An id for a form that is not sent yet."""
        return uuid7(self.context.clock())

    async def words(self, request: Request, report: Report, flat: str | None = None) -> Mapping[str, str]:
        """The labels of a report in the language of the reader: its category, place, neighbourhood, and its flat if that is given."""
        registers = self.use_cases.registers
        category = (await registers.categories()).category(report.category)
        words = await registers.words(self.site.language(request).code)
        tree = await registers.places()
        place, home = tree.place(report.place_id), tree.place(flat or "")
        return {
            "category": words.category(category) if category else report.category,
            "place": place.label if place else report.place_id,
            "neighbourhood": place.neighbourhood_label if place else "",
            "flat": home.label if home else "",
        }

    async def answers(self, request: Request, report: Report, answers: Answers) -> Sequence[tuple[str, str]]:
        """The answers of a report in words: each question with its answer."""
        registers, language = self.use_cases.registers, self.site.language(request)
        category = (await registers.categories()).category(report.category)
        return answers_in_words(category, answers, await registers.words(language.code), language)

    def crumbs(self, request: Request, report: Report | None = None) -> Crumbs:
        """The way to a page: the start, and the report that the page belongs to."""
        start = (self.site.language(request).label("desk-crumb", "reports"), HOME)
        return (start,) if report is None else (start, (report.tracking_code, page_of(report.report_id)))

    def error(self, request: Request, refused: Refused) -> str:
        """What the form says about this refusal."""
        return self.site.language(request).label("desk-error", refused.slug)

    def back(self, request: Request, wanted: str, default: str, done: str, again: bool) -> Response:
        """To the page that the form came from, if it is one of ours; only pages of intake tell what was done."""
        path = wanted if wanted and own_path(wanted) == wanted else default
        is_told = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
        return self.site.redirect(request, path, done if is_told else "", again)

    def _show_in_fragment(self, request: Request) -> Show:
        return partial(self._fragment_notice, request)

    def _fragment_notice(
        self,
        request: Request,
        slug: str,
        status: int,
        link: str | None = None,  # noqa: ARG002 - a fragment leads nowhere
        visitor: Visitor | None = None,
    ) -> Response:
        language = self.site.language(request)
        notice = self.site.fragment(
            request,
            "staff/fragment_notice.html",
            reader=visitor,
            title=language.label("notice-title", slug),
            text=language.label("notice", slug),
        )
        notice.status_code = status
        return notice


def reader_of(visitor: Visitor) -> Reader:
    """The person of a session as a reader of reports."""
    return Reader(visitor.subject, visitor.roles, visitor.name)


def page_of(report_id: str) -> str:
    """The page of a report."""
    return f"{HOME}/{report_id}"
