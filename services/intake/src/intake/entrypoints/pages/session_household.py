"""Who is talking: the look-up of a household's earlier reports, and what the reports of a session share."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from intake.app.sessions import SessionView
from intake.app.talks import NOTHING_SAID, Household
from intake.domain.drafts import Contact
from intake.entrypoints.pages.desk_layout import reader_of
from intake.entrypoints.pages.session_layout import (
    OPERATORS,
    SEARCH,
    TALKS,
    Refusals,
    SessionDesk,
    talk_page,
)
from webkit.login import Visitor

HOUSEHOLD, FOUND = "staff/session/household.html", "staff/session/found.html"


class HouseholdForm(BaseModel):
    """The form of a household; `azione` tells whether a place is searched or the form is stored."""

    name: str = ""
    phone: str = ""
    email: str = ""
    language: str = "it"
    frailty: str = ""
    luogo: str = ""
    place_id: str = ""
    azione: str = ""

    def household(self) -> Household:
        """The household of the application."""
        contact = Contact(self.name, self.email, self.phone)
        return Household(contact, bool(self.frailty), self.place_id or None, self.language)


class LookupForm(BaseModel):
    """What somebody says of themselves; sent in a body, so that no log has it."""

    testo: str = ""


class FoundForm(BaseModel):
    """The earlier report of the same household."""

    report_id: UUID


class HouseholdPages:
    """Finds a household, and writes down who it is."""

    def __init__(self, desk: SessionDesk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def ask(self, request: Request, visitor: Visitor, session_id: str) -> Response:
        """The form with what is known."""
        view = await self._desk.view(visitor, session_id)
        return await self._show(request, visitor, view, _form_of(view), Refusals())

    async def write(
        self, request: Request, visitor: Visitor, session_id: str, form: HouseholdForm
    ) -> Response:
        """Store the household and return to the session; or search a place, or show what is wrong."""
        view = await self._desk.view(visitor, session_id)
        if form.azione == SEARCH:
            return await self._show(request, visitor, view, form, Refusals())
        household = form.household()
        if view.talk is not None and household.place_id == view.session.place_id:
            household = replace(household, flat=view.talk.flat)
        if found := await self._cases.sessions.faults(household):
            return await self._show(request, visitor, view, form, self._desk.refusals(request, found))
        await self._cases.sessions.describe(session_id, reader_of(visitor), household)
        return self._desk.to_talk(request, session_id, "talk-household")

    async def look_up(self, request: Request, visitor: Visitor, session_id: str, typed: str) -> Response:
        """The earlier reports of who has this code, name, phone number or address."""
        view = await self._desk.view(visitor, session_id)
        found = await self._cases.lookups.find(typed, reader_of(visitor)) if typed.strip() else ()
        return self._desk.site.page(
            request,
            FOUND,
            reader=visitor,
            crumbs=self._desk.crumbs_to(request, view),
            here_path=talk_page(session_id),
            typed=typed,
            rows=[(full, await self._desk.words(request, full.report)) for full in found],
            is_open=view.session.is_open,
        )

    async def take(self, request: Request, visitor: Visitor, session_id: str, form: FoundForm) -> Response:
        """Write the household of an earlier report, and return to the session."""
        await self._cases.sessions.take_household_of(session_id, reader_of(visitor), str(form.report_id))
        return self._desk.to_talk(request, session_id, "talk-household")

    async def _show(
        self, request: Request, visitor: Visitor, view: SessionView, form: HouseholdForm, refusals: Refusals
    ) -> Response:
        return self._desk.site.page(
            request,
            HOUSEHOLD,
            refusals.status,
            reader=visitor,
            crumbs=self._desk.crumbs_to(request, view),
            here_path=talk_page(view.session.session_id),
            form=form,
            place=await self._desk.places(form.luogo, form.place_id),
            errors=refusals.errors,
        )


def _form_of(view: SessionView) -> HouseholdForm:
    talk = view.talk or NOTHING_SAID
    return HouseholdForm(
        name=talk.contact.name or "",
        phone=talk.contact.phone or "",
        email=talk.contact.email or "",
        language=view.session.language,
        frailty="yes" if talk.frail else "",
        place_id=view.session.place_id or "",
    )


def household_router(desk: SessionDesk) -> APIRouter:
    """The routes of the household, for operators."""
    router, pages, operators = APIRouter(prefix=TALKS), HouseholdPages(desk), Depends(desk.guard(*OPERATORS))

    @router.get("/{session_id}/famiglia")
    async def ask(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.ask(request, visitor, str(session_id))

    @router.post("/{session_id}/famiglia")
    async def write(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[HouseholdForm, Form()],
    ) -> Response:
        return await pages.write(request, visitor, str(session_id), form)

    @router.post("/{session_id}/cerca")
    async def look_up(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[LookupForm, Form()],
    ) -> Response:
        return await pages.look_up(request, visitor, str(session_id), form.testo)

    @router.post("/{session_id}/famiglia-trovata")
    async def take(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[FoundForm, Form()],
    ) -> Response:
        return await pages.take(request, visitor, str(session_id), form)

    return router
