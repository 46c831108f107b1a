"""What all pages of notify share: their home, who may open them, and the guard."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response

from chassis.errors import Unavailable
from chassis.ids import uuid7
from chassis.service import ServiceContext
from notify.app.ports import Letters, ReportNames
from notify.domain.letters import ReportName
from notify.entrypoints.api.messages import STAFF
from webkit.guards import SessionGuard
from webkit.login import Visitor
from webkit.site import Site

HOME = "/messaggi"
# The roles that intake shows the words of a report, and routing its case.
CASE_WORKERS = frozenset({"operator", "coordinator"})


@dataclass(frozen=True)
class Pages:
    """The site, the context, and what the pages show beside messages."""

    context: ServiceContext
    site: Site
    names: ReportNames
    letters: Letters

    def guard(self) -> SessionGuard:
        """The guard of every page."""
        return self.site.guard(self.context, *STAFF)

    def page(
        self, request: Request, template: str, visitor: Visitor, status: int = 200, **values: object
    ) -> Response:
        """A page with what all pages use: the options of a choice by their kind of label, and the way back to the list."""
        language = self.site.language(request)

        def options(kind: str, codes: Sequence[str]) -> list[tuple[str, str]]:
            return [(str(code), language.label(kind, str(code))) for code in codes]

        crumbs = () if request.url.path == HOME else ((language.label("area", "messages"), HOME),)
        known = {"options": options, "crumbs": crumbs} | values
        return self.site.page(request, template, status, reader=visitor, **known)

    def new_id(self) -> UUID:
        """The id of a form."""
        return UUID(uuid7(self.context.clock()))

    async def names_of(self, report_ids: list[str]) -> tuple[dict[str, ReportName], bool]:
        """The names of reports as far as intake answers, and whether it does."""
        try:
            return dict(await self.names.of(report_ids)), True
        except Unavailable:
            return {}, False


def page_of(report_id: str) -> str:
    """The page with the messages of a report."""
    return f"{HOME}/caso/{report_id}"
