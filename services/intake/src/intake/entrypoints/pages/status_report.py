"""The pages of one report for whoever has its code and PIN: timeline, more information, withdrawal."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from intake.app.entries import NewEntry
from intake.domain.categories import Kind
from intake.domain.draft_rules import MOST_CHARACTERS
from intake.domain.entries import Author, EntryKind
from intake.domain.ratings import SCORES
from intake.domain.timeline import TimelineStep
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, REPORT, StatusAccess
from intake.entrypoints.pages.timeline import timeline_rows
from intake.queries.reports import StatusView

# The page of subsidies that shows the application to the same browser; the permission's cookie reaches it.
APPLICATION = f"{HOME}/contributo"
REASONS = ("solved-itself", "mistake", "other")


class InformationForm(BaseModel):
    """The form that adds information; its id makes a second sending the same."""

    command_id: UUID
    information: str = ""
    seal: str = ""


class WithdrawalForm(BaseModel):
    """The confirmed withdrawal."""

    reason: str = ""
    seal: str = ""


class StatusReport:
    """Shows the report, adds information to it and withdraws it."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def show(self, request: Request, report: StatusView) -> Response:
        """The status of the report as a timeline, with the answers to it."""
        steps, until = await self._cases.following.timeline(report), report.reopenable_until
        now, closing = self._front.context.clock(), report.closing
        return self._front.page(
            request,
            "status/report.html",
            visit=self._front.visit(request),
            report=report,
            rows=timeline_rows(steps, report, self._front.language(request)),
            answers=_answers(steps),
            reopenable_until=until if until and now <= until else None,
            rateable=closing if closing and closing.is_rateable(now) else None,
            scores=tuple(reversed(SCORES)),
            command_id=uuid7(now),
            photos=await self._cases.photos.readable(report.report_id),
            words=await self._front.words(request, report.category, report.place_id),
            application=await self._application(report),
        )

    async def _application(self, report: StatusView) -> str:
        """The page of the application that the report opened, or nothing."""
        category = (await self._cases.registers.categories()).category(report.category)
        return APPLICATION if category and category.kind is Kind.CONTRIBUTION else ""

    async def ask_information(
        self, request: Request, report: StatusView, draft: str, status: int = 200
    ) -> Response:
        """The form that adds information; with the text and its fault when the browser sent it before."""
        visit = self._front.visit(request)
        kept = await self._cases.drafts.find(visit.browser, f"information:{draft}") if draft else None
        if kept is None:
            return self._information(request, report, uuid7(self._front.context.clock()), "", "", status)
        return self._information(request, report, draft, kept["text"], kept["slug"], 422)

    async def add_information(self, request: Request, report: StatusView, form: InformationForm) -> Response:
        """Add the information and return to the report; or to the form with what is wrong."""
        visit, command_id = self._front.visit(request), str(form.command_id)
        if not visit.accepts(form.seal):
            return self._information(request, report, command_id, form.information, "unsealed", 403)
        entry = NewEntry(command_id, EntryKind.INFORMATION, Author.TENANT, form.information)
        try:
            known = await self._cases.entries.add(report.report_id, entry)
        except Refused as refused:
            return await self._refuse(request, report, form, refused)
        except Unavailable:
            return self._information(request, report, command_id, form.information, "unavailable", 503)
        return self._front.redirect(request, visit, REPORT, "information-added", known)

    async def _refuse(
        self, request: Request, report: StatusView, form: InformationForm, refused: Refused
    ) -> Response:
        visit, command_id = self._front.visit(request), str(form.command_id)
        if refused.slug == "id-reused":
            command_id = uuid7(self._front.context.clock())
        kept = {"text": form.information, "slug": refused.slug}
        if not self._cases.drafts.fits(kept):
            return self._information(request, report, command_id, form.information, refused.slug, 422)
        await self._cases.drafts.save(visit.browser, f"information:{command_id}", kept)
        return self._front.redirect(request, visit, f"{HOME}/informazioni?bozza={command_id}")

    def _information(
        self, request: Request, report: StatusView, command_id: str, text: str, slug: str, status: int
    ) -> Response:
        errors = {"information": self._front.fault(request, slug, most=MOST_CHARACTERS)} if slug else {}
        return self._front.page(
            request,
            "status/information.html",
            status,
            self._front.visit(request),
            report=report,
            command_id=command_id,
            text=text,
            errors=errors,
        )

    def ask_withdrawal(self, request: Request, report: StatusView, reason: str | None) -> Response:
        """The reason of a withdrawal, then the step that confirms it."""
        errors = {}
        if reason is not None and reason not in REASONS:
            errors = {"motivo": self._front.fault(request, "reason-missing")}
        return self._front.page(
            request,
            "status/withdrawal.html",
            422 if errors else 200,
            self._front.visit(request),
            report=report,
            reason=reason if reason in REASONS else "",
            reasons=REASONS,
            errors=errors,
        )

    async def withdraw(self, request: Request, report: StatusView, form: WithdrawalForm) -> Response:
        """Withdraw the report and return to it."""
        visit = self._front.visit(request)
        if not visit.accepts(form.seal):
            return self._front.site.notice(request, "unsealed", 403)
        if form.reason not in REASONS:
            return self._front.redirect(request, visit, f"{HOME}/ritiro?motivo=")
        try:
            await self._cases.withdrawals.withdraw(report.report_id, form.reason)
        except Refused:
            return self._front.redirect(request, visit, REPORT)  # it was closed meanwhile: its page says so
        return self._front.redirect(request, visit, REPORT, "report-withdrawn")


def report_router(front: Front) -> APIRouter:
    """The routes of one report, for a browser with a permission."""
    router, access, pages = APIRouter(), StatusAccess(front), StatusReport(front)

    @router.get(REPORT)
    async def show(request: Request) -> Response:
        report = await access.permitted(request)
        return await pages.show(request, report) if report else access.over(request)

    @router.get(f"{HOME}/informazioni")
    async def ask_information(request: Request, bozza: str = "") -> Response:
        report = await access.permitted(request)
        return await pages.ask_information(request, report, bozza[:80]) if report else access.over(request)

    @router.post(f"{HOME}/informazioni")
    async def add_information(request: Request, form: Annotated[InformationForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await pages.add_information(request, report, form) if report else access.over(request)

    @router.get(f"{HOME}/ritiro")
    async def ask_withdrawal(request: Request, motivo: str | None = None) -> Response:
        report = await access.permitted(request)
        return pages.ask_withdrawal(request, report, motivo) if report else access.over(request)

    @router.post(f"{HOME}/ritiro")
    async def withdraw(request: Request, form: Annotated[WithdrawalForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await pages.withdraw(request, report, form) if report else access.over(request)

    return router


def _answers(steps: Sequence[TimelineStep]) -> Sequence[tuple[object, str]]:
    return [(one.step.at, one.answer) for one in steps if one.answer]
