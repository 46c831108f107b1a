"""The search by tracking code, and the audit of who read a report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from chassis.errors import Refused
from intake.app.tracking_codes import read_code
from intake.domain.reports import Report
from intake.entrypoints.pages.desk_layout import AUDITORS, HOME, STAFF, WORKERS, Desk, page_of
from intake.queries.reports import report_of, reports_with_code
from webkit.login import Visitor

START, READINGS = "staff/start.html", "staff/readings.html"


class SearchDesk:
    """Finds reports by their tracking code, and shows who read one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start(
        self,
        request: Request,
        visitor: Visitor,
        code: str = "",
        error: str = "",
        found: tuple[tuple[str, Report], ...] = (),
    ) -> Response:
        """The search form, with the reason why nothing was found, or the reports that share a code."""
        said = {"codice": self._desk.site.language(request).label("desk-error", error)} if error else {}
        status = {"": 200, "code-unknown": 404}.get(error, 422)
        is_worker = not visitor.roles.isdisjoint(WORKERS)
        return self._desk.site.page(
            request, START, status, reader=visitor, code=code, errors=said, found=found, is_worker=is_worker
        )

    async def search(self, request: Request, visitor: Visitor, code: str) -> Response:
        """To the page of the report with this code: that of its case for who works on cases."""
        if not code.strip():
            return self.start(request, visitor, error="code-missing")
        typed = read_code(code)
        if typed is None:
            return self.start(request, visitor, code, "code-unreadable")
        reports = await reports_with_code(self._desk.context, typed)
        if not reports:
            return self.start(request, visitor, typed, "code-unknown")
        works_on_cases = not visitor.roles.isdisjoint(WORKERS)
        places = [f"/lavoro/{one.report_id}" if works_on_cases else page_of(one.report_id) for one in reports]
        if len(places) == 1:
            return RedirectResponse(places[0], 303)
        return self.start(request, visitor, code, found=tuple(zip(places, reports, strict=True)))

    async def readings(self, request: Request, visitor: Visitor, report_id: str) -> Response:
        """Who read the report, when, and what of it."""
        report = await report_of(self._desk.context, report_id)
        if report is None:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        rows = await self._desk.use_cases.readings.of(report_id)
        crumbs = () if visitor.roles.isdisjoint(STAFF) else self._desk.crumbs(request)
        return self._desk.site.page(
            request, READINGS, reader=visitor, crumbs=crumbs, report=report, rows=rows
        )


def search_router(desk: Desk) -> APIRouter:
    """The routes of the search and the audit."""
    router, pages = APIRouter(prefix=HOME), SearchDesk(desk)
    staff, auditors = Depends(desk.guard(*STAFF)), Depends(desk.guard(*AUDITORS))

    @router.get("/cerca")
    async def search(request: Request, visitor: Annotated[Visitor, staff], codice: str = "") -> Response:
        return await pages.search(request, visitor, codice)

    @router.get("/letture/{report_id}")
    async def show_readings(
        request: Request, report_id: UUID, visitor: Annotated[Visitor, auditors]
    ) -> Response:
        return await pages.readings(request, visitor, str(report_id))

    return router
