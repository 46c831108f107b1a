"""The page that adds information to a report, for whoever has its code and PIN."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from intake.app.entries import NewEntry
from intake.domain.entries import Author, EntryKind
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, StatusAccess
from intake.entrypoints.pages.status_form import FormKind, StatusForm, StatusFormPage
from intake.queries.reports import StatusView

PLACE = f"{HOME}/informazioni"


class InformationForm(StatusForm):
    """What is new."""

    information: str = ""


def _information(front: Front) -> FormKind:
    async def blank(_: StatusView) -> Mapping[str, str]:
        return {"information": ""}

    def shown(report: StatusView) -> Mapping[str, Any]:
        return {"is_possible": not report.ended}

    async def add(report_id: str, command_id: str, typed: Mapping[str, str]) -> bool:
        entry = NewEntry(command_id, EntryKind.INFORMATION, Author.TENANT, typed["information"])
        return await front.use_cases.entries.add(report_id, entry)

    return FormKind(
        PLACE,
        "status/information.html",
        "information-added",
        {"": "information"},
        blank,
        shown,
        add,
    )


def information_router(front: Front) -> APIRouter:
    """The routes of added information, for a browser with a permission."""
    router, access, page = front.router(), StatusAccess(front), StatusFormPage(front, _information(front))

    @router.get(PLACE)
    async def ask(request: Request, bozza: str = "") -> Response:
        report = await access.permitted(request)
        return await page.ask(request, report, bozza) if report else access.over(request)

    @router.post(PLACE)
    async def add(request: Request, form: Annotated[InformationForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await page.send(request, report, form) if report else access.over(request)

    return router
