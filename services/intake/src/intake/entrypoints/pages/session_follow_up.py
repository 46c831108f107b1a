"""An appointment that is agreed in a talk."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.sessions import Appointment, SessionView
from intake.domain.sessions import FollowUpKind
from intake.entrypoints.pages.desk_layout import reader_of
from intake.entrypoints.pages.session_layout import OPERATORS, TALKS, Refusals, SessionDesk, talk_page
from webkit.i18n.formats import ROME
from webkit.login import Visitor

FOLLOW_UP = "staff/session/follow_up.html"


class FollowUpForm(BaseModel):
    """The form of an appointment; its id is the id of the appointment."""

    command_id: UUID
    che: str = ""
    giorno: str = ""
    ora: str = ""
    parole: str = ""


class DropForm(BaseModel):
    """The appointment to take out."""

    follow_up_id: UUID


class FollowUpPages:
    """Agrees on appointments, and drops them."""

    def __init__(self, desk: SessionDesk) -> None:
        self._desk, self._sessions = desk, desk.use_cases.sessions

    async def ask(self, request: Request, visitor: Visitor, session_id: str) -> Response:
        """The empty form."""
        view = await self._desk.view(visitor, session_id)
        return self._show(
            request, visitor, view, FollowUpForm(command_id=UUID(self._desk.new_id())), Refusals()
        )

    async def agree(
        self, request: Request, visitor: Visitor, session_id: str, form: FollowUpForm
    ) -> Response:
        """Store the appointment and return to the session; or show what is wrong."""
        view = await self._desk.view(visitor, session_id)
        language, at, what = self._desk.site.language(request), read_time(form.giorno, form.ora), form.che
        errors = {}
        if what not in set(FollowUpKind):
            errors["che"] = language.label("desk-error", "follow-up-what")
        if at is None:
            errors["giorno"] = language.label("desk-error", "follow-up-time")
        if errors or at is None:
            return self._show(request, visitor, view, form, Refusals(errors))
        kind = FollowUpKind(what)
        place_id = view.session.place_id if kind is FollowUpKind.HOME_VISIT else None
        appointment = Appointment(str(form.command_id), at, kind, place_id, form.parole)
        try:
            await self._sessions.agree(session_id, reader_of(visitor), appointment)
        except Refused as refused:
            names = {"at": "giorno", "words": "parole"}
            refusals = self._desk.refusal(request, refused, "giorno")
            errors = {names.get(name, name): text for name, text in refusals.errors.items()}
            return self._show(request, visitor, view, form, Refusals(errors))
        return self._desk.to_talk(request, session_id, "talk-follow-up")

    async def drop(self, request: Request, visitor: Visitor, session_id: str, form: DropForm) -> Response:
        """Take the appointment out and return to the session."""
        await self._sessions.drop(session_id, reader_of(visitor), str(form.follow_up_id))
        return self._desk.to_talk(request, session_id, "talk-follow-up-dropped")

    def _show(
        self, request: Request, visitor: Visitor, view: SessionView, form: FollowUpForm, refusals: Refusals
    ) -> Response:
        return self._desk.site.page(
            request,
            FOLLOW_UP,
            refusals.status,
            reader=visitor,
            crumbs=self._desk.crumbs_to(request, view),
            here_path=talk_page(view.session.session_id),
            form=form,
            kinds=tuple(one.value for one in FollowUpKind),
            errors=refusals.errors,
        )


def read_time(day: str, hour: str) -> datetime | None:
    """The moment in Rome of a typed day and hour, like 05/12/2026 and 9:30; None when it is none."""
    typed = f"{day.strip().replace('-', '/').replace('.', '/')} {hour.strip().replace('.', ':') or '9:00'}"
    try:
        return datetime.strptime(typed, "%d/%m/%Y %H:%M").replace(tzinfo=ROME)
    except ValueError:
        return None


def follow_up_router(desk: SessionDesk) -> APIRouter:
    """The routes of appointments, for operators."""
    router, pages, operators = APIRouter(prefix=TALKS), FollowUpPages(desk), Depends(desk.guard(*OPERATORS))

    @router.get("/{session_id}/appuntamento")
    async def ask(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.ask(request, visitor, str(session_id))

    @router.post("/{session_id}/appuntamento")
    async def agree(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[FollowUpForm, Form()],
    ) -> Response:
        return await pages.agree(request, visitor, str(session_id), form)

    @router.post("/{session_id}/appuntamento/via")
    async def drop(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[DropForm, Form()],
    ) -> Response:
        return await pages.drop(request, visitor, str(session_id), form)

    return router
