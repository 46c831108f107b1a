"""The form of a report that staff make: for the household of another report, or for somebody at the listening point."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from chassis.errors import Refused
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Draft
from intake.entrypoints.pages.desk_form import (
    Asked,
    Refusals,
    ReportForm,
    asked_in,
    form_values,
    has_more_to_ask,
    refusals_of,
)
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from webkit.login import Visitor

FORM = "staff/household.html"


class HouseholdForm(ReportForm):
    """The form; its id is the id of the report, and `da` the report of the same household."""

    da: str = ""


class HouseholdDesk:
    """Shows the form of a report and registers it."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def ask(self, request: Request, visitor: Visitor, from_report: UUID | None) -> Response:
        """The form; with place, contact and language of a report of the same household."""
        form = HouseholdForm(command_id=UUID(self._desk.new_id()))
        if from_report is not None:
            draft = await self._cases.households.prefill(str(from_report), reader_of(visitor))
            form = _filled(form, str(from_report), draft)
        found = await self._asked(request, form)
        return await self._show(request, visitor, form, Refusals({}, status=200), found)

    async def find_place(self, request: Request, visitor: Visitor, form: HouseholdForm) -> Response:
        """The form as it was typed, with the places that its words find and the parts of the place chosen."""
        found = await asked_in(request, self._cases, form.category, form.place_id, form.description)
        return await self._show(request, visitor, form, Refusals({}, status=200), found)

    async def register(self, request: Request, visitor: Visitor, form: HouseholdForm) -> Response:
        """Register the report and go to its receipt; or show the form again with its errors, new questions or dangers."""
        report_id, found = str(form.command_id), await self._asked(request, form)
        judged = await self._cases.submissions.judge(found.draft(form.draft()))
        if has_more_to_ask(form, found):
            return await self._show(request, visitor, form, Refusals({}, status=200), found)
        if judged.faults:
            refusals = self._refusals(request, judged.faults, found)
            return await self._show(request, visitor, form, refusals, found)
        try:
            made = await self._cases.households.register(
                judged, report_id, reader_of(visitor), visitor.session
            )
        except Refused as refused:
            if refused.slug != "id-reused":
                raise
            fault = Fault(refused.slug, "send", "", "")
            form = form.model_copy(update={"command_id": UUID(self._desk.new_id())})
            return await self._show(request, visitor, form, self._refusals(request, (fault,), found), found)
        place = f"{page_of(report_id)}/foglio"
        return self._desk.site.redirect(request, place, "report-made", made.known)

    async def _asked(self, request: Request, form: HouseholdForm) -> Asked:
        return await asked_in(request, self._cases, form.category, form.place_id, form.description)

    def _refusals(self, request: Request, faults: tuple[Fault, ...], found: Asked) -> Refusals:
        return refusals_of(self._desk.site.language(request), faults, found)

    async def _show(
        self, request: Request, visitor: Visitor, form: HouseholdForm, refusals: Refusals, found: Asked
    ) -> Response:
        values = await form_values(self._desk.site, self._cases, request, form, refusals, found)
        crumbs = self._desk.crumbs(request)
        return self._desk.site.page(
            request,
            FORM,
            refusals.status,
            reader=visitor,
            crumbs=crumbs,
            place_search=f"{HOME}/nuova/luogo",
            **values,
        )


def household_router(desk: Desk) -> APIRouter:
    """The routes of a report that staff make, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), HouseholdDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("/nuova")
    async def ask(request: Request, visitor: Annotated[Visitor, workers], da: UUID | None = None) -> Response:
        return await pages.ask(request, visitor, da)

    @router.post("/nuova/luogo")
    async def find_place(
        request: Request, visitor: Annotated[Visitor, workers], form: Annotated[HouseholdForm, Form()]
    ) -> Response:
        return await pages.find_place(request, visitor, form)

    @router.post("/nuova")
    async def register(
        request: Request, visitor: Annotated[Visitor, workers], form: Annotated[HouseholdForm, Form()]
    ) -> Response:
        return await pages.register(request, visitor, form)

    return router


def _filled(form: HouseholdForm, from_report: str, draft: Draft) -> HouseholdForm:
    values = {
        "da": from_report,
        "place_id": draft.place_id,
        "language": draft.language,
        "frailty": "yes" if draft.frail else "",
        "flat": draft.flat or "",
        "name": draft.contact.name or "",
        "email": draft.contact.email or "",
        "phone": draft.contact.phone or "",
    }
    return form.model_copy(update=values)
