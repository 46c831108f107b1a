"""The page that reopens a closed report, for whoever has its code and PIN."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from intake.domain.draft_rules import MOST_CHARACTERS
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, REPORT, StatusAccess
from intake.queries.reports import StatusView

PLACE = f"{HOME}/riapri"


class ReopeningForm(BaseModel):
    """The form that reopens a report; its id makes a second sending the same."""

    command_id: UUID
    reason: str = ""
    seal: str = ""


class StatusReopening:
    """Asks what is not solved, and reopens the report."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def ask(self, request: Request, report: StatusView, draft: str) -> Response:
        """The form; with the text and its fault when the browser sent it before."""
        visit = self._front.visit(request)
        kept = await self._cases.drafts.find(visit.browser, f"riapertura:{draft}") if draft else None
        if kept is None:
            return self._page(request, report, self._new_id(), "", "", 200)
        return self._page(request, report, draft, kept["text"], kept["slug"], 422)

    async def reopen(self, request: Request, report: StatusView, form: ReopeningForm) -> Response:
        """Reopen the report and return to it; or to the form with what is wrong."""
        visit, command_id = self._front.visit(request), str(form.command_id)
        if not visit.accepts(form.seal):
            return self._page(request, report, command_id, form.reason, "unsealed", 403)
        try:
            known = await self._cases.reopenings.reopen(report.report_id, command_id, form.reason)
        except Refused as refused:
            return await self._refuse(request, report, form, refused)
        except Unavailable:
            return self._page(request, report, command_id, form.reason, "unavailable", 503)
        return self._front.redirect(request, visit, REPORT, "report-reopened", known)

    async def _refuse(
        self, request: Request, report: StatusView, form: ReopeningForm, refused: Refused
    ) -> Response:
        visit = self._front.visit(request)
        if refused.slug == "not-reopenable":
            return self._front.redirect(request, visit, REPORT)  # its page says what can be done
        command_id = self._new_id() if refused.slug == "id-reused" else str(form.command_id)
        kept = {"text": form.reason, "slug": refused.slug}
        if not self._cases.drafts.fits(kept):
            return self._page(request, report, command_id, form.reason, refused.slug, 422)
        await self._cases.drafts.save(visit.browser, f"riapertura:{command_id}", kept)
        return self._front.redirect(request, visit, f"{PLACE}?bozza={command_id}")

    def _new_id(self) -> str:
        return uuid7(self._front.context.clock())

    def _page(
        self, request: Request, report: StatusView, command_id: str, text: str, slug: str, status: int
    ) -> Response:
        errors = {"reason": self._front.fault(request, slug, most=MOST_CHARACTERS)} if slug else {}
        until = report.reopenable_until
        return self._front.page(
            request,
            "status/reopening.html",
            status,
            self._front.visit(request),
            report=report,
            is_possible=until is not None and self._front.context.clock() <= until,
            command_id=command_id,
            text=text,
            errors=errors,
        )


def reopening_router(front: Front) -> APIRouter:
    """The routes of a reopening, for a browser with a permission."""
    router, access, pages = APIRouter(), StatusAccess(front), StatusReopening(front)

    @router.get(PLACE)
    async def ask(request: Request, bozza: str = "") -> Response:
        report = await access.permitted(request)
        return await pages.ask(request, report, bozza[:80]) if report else access.over(request)

    @router.post(PLACE)
    async def reopen(request: Request, form: Annotated[ReopeningForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await pages.reopen(request, report, form) if report else access.over(request)

    return router
