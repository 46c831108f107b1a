"""The pages of one report for whoever has its code and PIN: timeline and withdrawal."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from chassis.ids import uuid7
from intake.domain.categories import Kind
from intake.domain.ratings import SCORES
from intake.domain.timeline import TimelineStep
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, REPORT, StatusAccess
from intake.entrypoints.pages.timeline import timeline_rows
from intake.queries.reports import ReportDocuments, StatusView

# The page of subsidies that shows the application to the same browser; the permission's cookie reaches it.
APPLICATION = f"{HOME}/contributo"
REASONS = ("solved-itself", "mistake", "other")


class WithdrawalForm(BaseModel):
    """The confirmed withdrawal."""

    reason: str = ""
    seal: str = ""


class StatusReport:
    """Shows the report and withdraws it."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def show(self, request: Request, report: StatusView, stored: ReportDocuments) -> Response:
        """The status of the report as a timeline, with the answers to it."""
        steps, until = self._cases.following.timeline(report, stored), report.reopenable_until
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
            photos=self._cases.photos.shown(stored.photos, stored.sealed),
            words=await self._front.words(request, report.category, report.place_id),
            application=await self._application(report),
        )

    async def _application(self, report: StatusView) -> str:
        """The page of the application that the report opened, or nothing."""
        category = (await self._cases.registers.categories()).category(report.category)
        return APPLICATION if category and category.kind is Kind.CONTRIBUTION else ""

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
    router, access, pages = front.router(), StatusAccess(front), StatusReport(front)

    @router.get(REPORT)
    async def show(request: Request) -> Response:
        found = await access.documents(request)
        return await pages.show(request, *found) if found else access.over(request)

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
