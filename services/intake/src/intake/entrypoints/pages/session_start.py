"""The sessions of an operator: start one with a tap, take up one that is open, and one session with all that is in it."""

from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.sessions import SessionView
from intake.app.talks import NOTHING_SAID
from intake.domain.sessions import Session, SessionStatus
from intake.entrypoints.pages.desk_layout import reader_of
from intake.entrypoints.pages.session_layout import (
    OPERATORS,
    TALKS,
    Refusals,
    SessionDesk,
    talk_page,
)
from webkit.i18n.formats import ROME
from webkit.login import Visitor

LIST, SESSION, ASK_END = "staff/session/list.html", "staff/session/session.html", "staff/session/end.html"


class CommandForm(BaseModel):
    """A form of one button."""

    command_id: UUID


class NotesForm(BaseModel):
    """The notes of a talk."""

    note: str = ""


class SessionPages:
    """Shows sessions, starts and ends them."""

    def __init__(self, desk: SessionDesk) -> None:
        self._desk, self._sessions = desk, desk.use_cases.sessions

    async def list(self, request: Request, visitor: Visitor) -> Response:
        """The button that starts a session, those that are open, and those of today."""
        reader, now = reader_of(visitor), self._desk.context.clock()
        midnight = datetime.combine(now.astimezone(ROME).date(), time(), ROME)
        return self._desk.site.page(
            request,
            LIST,
            reader=visitor,
            command_id=self._desk.new_id(),
            open=[await self._row(one) for one in await self._sessions.open_of(reader)],
            ended=[await self._row(one) for one in await self._sessions.ended_of(reader, midnight)],
        )

    async def start(self, request: Request, visitor: Visitor, form: CommandForm) -> Response:
        """Start the session of this form, and go to it; the form sent again leads to the same one."""
        session_id = str(form.command_id)
        again = await self._sessions.start(session_id, reader_of(visitor))
        return self._desk.to_talk(request, session_id, "talk-started", again)

    async def show(
        self,
        request: Request,
        visitor: Visitor,
        session_id: str,
        notes: str | None = None,
        refusals: Refusals | None = None,
    ) -> Response:
        """The session: who is talking, the problems, the appointments, the notes, and its end."""
        view, refusals = await self._desk.view(visitor, session_id), refusals or Refusals()
        talk = view.talk or NOTHING_SAID
        return self._desk.site.page(
            request,
            SESSION,
            refusals.status,
            reader=visitor,
            crumbs=self._desk.crumbs_to(request),
            session=view.session,
            talk=talk,
            here_path=talk_page(session_id),
            place=await self._desk.place_name(view.session.place_id),
            reports=[(one, await self._desk.words(request, one)) for one in view.reports],
            notes=talk.notes if notes is None else notes,
            errors=refusals.errors,
            command_id=self._desk.new_id(),
            is_open=view.session.is_open,
            is_abandoned=view.session.status is SessionStatus.ABANDONED,
        )

    async def write_notes(
        self, request: Request, visitor: Visitor, session_id: str, form: NotesForm
    ) -> Response:
        """Store the notes; or show the session with what is wrong with them."""
        try:
            await self._sessions.write_notes(session_id, reader_of(visitor), form.note)
        except Refused as refused:
            refusals = self._desk.refusal(request, refused, "note")
            said = Refusals({"note": next(iter(refusals.errors.values()))})
            return await self.show(request, visitor, session_id, form.note, said)
        return self._desk.to_talk(request, session_id, "talk-notes")

    async def ask_end(self, request: Request, visitor: Visitor, session_id: str) -> Response:
        """What came out of the session, before it ends; an ended one is shown."""
        view = await self._desk.view(visitor, session_id)
        if not view.session.is_open:
            return RedirectResponse(talk_page(session_id), 303)
        return self._desk.site.page(
            request,
            ASK_END,
            reader=visitor,
            crumbs=self._desk.crumbs_to(request, view),
            session=view.session,
            here_path=talk_page(session_id),
            has_results=_has_results(view),
        )

    async def end(self, request: Request, visitor: Visitor, session_id: str) -> Response:
        """End the session and go to its page, which leads to the receipt; without results it is dropped."""
        view, reader = await self._desk.view(visitor, session_id), reader_of(visitor)
        if view.session.is_open and not _has_results(view) and not (view.talk or NOTHING_SAID).notes:
            again = await self._sessions.abandon(session_id, reader)
            return self._desk.site.redirect(request, TALKS, "talk-dropped", again)
        again = await self._sessions.end(session_id, reader)
        return self._desk.to_talk(request, session_id, "talk-ended", again)

    async def _row(self, session: Session) -> tuple[Session, str]:
        return session, await self._desk.place_name(session.place_id)


def _has_results(view: SessionView) -> bool:
    return bool(view.session.reports or view.session.follow_ups)


def start_router(desk: SessionDesk) -> APIRouter:
    """The routes of the list and of one session, for operators."""
    router, pages, operators = APIRouter(prefix=TALKS), SessionPages(desk), Depends(desk.guard(*OPERATORS))

    @router.get("")
    async def show_list(request: Request, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.list(request, visitor)

    @router.post("")
    async def start(
        request: Request, visitor: Annotated[Visitor, operators], form: Annotated[CommandForm, Form()]
    ) -> Response:
        return await pages.start(request, visitor, form)

    _serve_session(router, pages, operators)
    return router


def _serve_session(router: APIRouter, pages: SessionPages, operators: object) -> None:
    @router.get("/{session_id}")
    async def show(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.show(request, visitor, str(session_id))

    @router.post("/{session_id}/note")
    async def write_notes(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[NotesForm, Form()],
    ) -> Response:
        return await pages.write_notes(request, visitor, str(session_id), form)

    @router.get("/{session_id}/fine")
    async def ask_end(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.ask_end(request, visitor, str(session_id))

    @router.post("/{session_id}/fine")
    async def end(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.end(request, visitor, str(session_id))
