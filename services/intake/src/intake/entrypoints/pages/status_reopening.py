"""The page that reopens a closed report, for whoever has its code and PIN."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, REPORT, StatusAccess
from intake.entrypoints.pages.status_form import FormKind, StatusForm, StatusFormPage
from intake.queries.reports import StatusView

PLACE = f"{HOME}/riapri"


class ReopeningForm(StatusForm):
    """What is not solved."""

    reason: str = ""


def _reopening(front: Front) -> FormKind:
    async def blank(_: StatusView) -> Mapping[str, str]:
        return {"reason": ""}

    def shown(report: StatusView) -> Mapping[str, Any]:
        until = report.reopenable_until
        return {"is_possible": until is not None and front.context.clock() <= until}

    async def reopen(report_id: str, command_id: str, typed: Mapping[str, str]) -> bool:
        return await front.use_cases.reopenings.reopen(report_id, command_id, typed["reason"])

    return FormKind(
        PLACE,
        "status/reopening.html",
        "report-reopened",
        {"": "reason"},
        blank,
        shown,
        reopen,
        over={"not-reopenable": REPORT},
    )


def reopening_router(front: Front) -> APIRouter:
    """The routes of a reopening, for a browser with a permission."""
    router, access, page = front.router(), StatusAccess(front), StatusFormPage(front, _reopening(front))

    @router.get(PLACE)
    async def ask(request: Request, bozza: str = "") -> Response:
        report = await access.permitted(request)
        return await page.ask(request, report, bozza) if report else access.over(request)

    @router.post(PLACE)
    async def reopen(request: Request, form: Annotated[ReopeningForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await page.send(request, report, form) if report else access.over(request)

    return router
