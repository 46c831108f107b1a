"""The page of a report for staff, the same as a fragment, its notes and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.corrections import ReadableCorrection
from intake.app.readings import Dossier
from intake.domain.phones import dialable
from intake.domain.readers import Part
from intake.entrypoints.pages.desk_layout import HOME, STAFF, WORKERS, Desk, page_of, reader_of
from webkit.login import Visitor

# The parts of a correction that are shown as they were; of the others it is only told that they changed.
SHOWN = ("category", "place", "flat", "text", "name", "email", "phone")
CARD, PAGE, ANSWER = "staff/card.html", "staff/report.html", "staff/answer.html"


class NoteForm(BaseModel):
    """The form of a note."""

    command_id: UUID
    nota: str = ""
    torna: str = ""


class AnswerForm(BaseModel):
    """The form of the answer to the tenant."""

    command_id: UUID
    risposta: str = ""
    torna: str = ""


@dataclass(frozen=True)
class Typed:
    """What a refused form keeps: its text, the reason, its id, and where it returns to."""

    text: str = ""
    errors: Mapping[str, str] | None = None
    command_id: str = ""
    back: str = ""
    status: int = 200


class ReportDesk:
    """Shows a report to staff, and takes notes and the answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def fragment(self, request: Request, visitor: Visitor, report_id: str) -> Response:
        """The report for a page of another service; the note's form returns there."""
        dossier = await self._cases.readings.open(report_id, reader_of(visitor), Part.FRAGMENT)
        values = await self._card(request, dossier, Typed(back=_page_around(request)))
        return self._desk.site.fragment(request, CARD, reader=visitor, **values)

    async def page(
        self, request: Request, visitor: Visitor, report_id: str, typed: Typed | None = None
    ) -> Response:
        """The report on a page of its own."""
        dossier = await self._cases.readings.open(report_id, reader_of(visitor), Part.FULL)
        values = await self._card(request, dossier, typed or Typed())
        values["corrections"] = await self._corrections(request, report_id)
        status = typed.status if typed else 200
        crumbs = self._desk.crumbs(request)
        return self._desk.site.page(request, PAGE, status, reader=visitor, crumbs=crumbs, **values)

    async def add_note(self, request: Request, visitor: Visitor, report_id: str, form: NoteForm) -> Response:
        """Add the note and return to the page that the form was on; or show the page of the report with the error."""
        reader, note_id = reader_of(visitor), str(form.command_id)
        try:
            again = await self._cases.notes.add(report_id, reader, note_id, form.nota)
        except Refused as refused:
            typed = self._typed(request, refused, "nota", Typed(form.nota, {}, note_id, form.torna))
            return await self.page(request, visitor, report_id, typed)
        return self._desk.back(request, form.torna, page_of(report_id), "note-added", again)

    async def ask_for_answer(
        self, request: Request, visitor: Visitor, report_id: str, typed: Typed
    ) -> Response:
        """The form of the answer beside what the tenant wrote."""
        dossier = await self._cases.readings.open(report_id, reader_of(visitor), Part.FULL)
        values = await self._card(request, dossier, typed)
        present = dossier.answer.text if dossier.answer else ""
        values["text"] = typed.text if typed.errors else present or ""
        crumbs = self._desk.crumbs(request, dossier.report)
        return self._desk.site.page(request, ANSWER, typed.status, reader=visitor, crumbs=crumbs, **values)

    async def answer(self, request: Request, visitor: Visitor, report_id: str, form: AnswerForm) -> Response:
        """Store the answer and go on to the closing of the case; or show the form with the error."""
        reader, answer_id = reader_of(visitor), str(form.command_id)
        try:
            again = await self._cases.answers.write(report_id, reader, answer_id, form.risposta)
        except Refused as refused:
            typed = self._typed(request, refused, "risposta", Typed(form.risposta, {}, answer_id, form.torna))
            return await self.ask_for_answer(request, visitor, report_id, typed)
        works_on_cases = not visitor.roles.isdisjoint(WORKERS)
        onward = f"/lavoro/{report_id}/chiudi" if works_on_cases else page_of(report_id)
        return self._desk.back(request, form.torna, onward, "answer-written", again)

    async def _corrections(
        self, request: Request, report_id: str
    ) -> list[tuple[ReadableCorrection, list[tuple[str, str]]]]:
        """The corrections, each with the parts that changed as they were, in words."""
        registers, tree = self._cases.registers, await self._cases.registers.places()
        words = await registers.words(self._desk.site.language(request).code)
        categories = await registers.categories()

        def shown(part: str, text: str) -> str:
            if part == "category" and (category := categories.category(text)):
                return words.category(category)
            place = tree.place(text) if part in ("place", "flat") else None
            return place.label if place else text

        found = await self._cases.correcting.of(report_id)
        return [
            (one, [(part, shown(part, text)) for part, text in (one.before or {}).items() if part in SHOWN])
            for one in found
        ]

    def _typed(self, request: Request, refused: Refused, field: str, form: Typed) -> Typed:
        """The form again; raises the refusal when another text cannot mend it."""
        if refused.status != 422 and refused.slug != "too-many-entries":
            raise refused
        command_id = self._desk.new_id() if refused.slug == "id-reused" else form.command_id
        errors = {field: self._desk.error(request, refused)}
        return replace(form, errors=errors, command_id=command_id, status=refused.status)

    async def _card(self, request: Request, dossier: Dossier, typed: Typed) -> dict[str, Any]:
        content = dossier.content
        return {
            "dossier": dossier,
            "report": dossier.report,
            "replies": await self._desk.answers(request, dossier.report, content.answers if content else ()),
            "words": await self._desk.words(request, dossier.report, content.flat if content else None),
            "dial": dialable(content.contact.phone) if content and content.contact.phone else "",
            "place_of": page_of(dossier.report.report_id),
            "can_be_public": await self._cases.publications.is_public(dossier.report),
            "photos": await self._cases.photos.of(dossier.report.report_id),
            "left_out": await self._cases.photos.left_out(dossier.report.report_id),
            "command_id": typed.command_id or self._desk.new_id(),
            "back": typed.back,
            "errors": typed.errors or {},
            "text": typed.text,
        }


def report_router(desk: Desk) -> APIRouter:
    """The routes of a report."""
    router, pages = APIRouter(prefix=HOME), ReportDesk(desk)
    staff, fragment = Depends(desk.guard(*STAFF)), Depends(desk.fragment_guard(*STAFF))
    _serve_report(router, pages, staff, fragment)
    _serve_answer(router, pages, staff)
    return router


def _serve_report(router: APIRouter, pages: ReportDesk, staff: Any, fragment: Any) -> None:
    @router.get("/{report_id}/scheda")
    async def show_fragment(
        request: Request, report_id: UUID, visitor: Annotated[Visitor, fragment]
    ) -> Response:
        return await pages.fragment(request, visitor, str(report_id))

    @router.get("/{report_id}")
    async def show_report(request: Request, report_id: UUID, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.page(request, visitor, str(report_id))

    @router.post("/{report_id}/nota")
    async def add_note(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, staff],
        form: Annotated[NoteForm, Form()],
    ) -> Response:
        return await pages.add_note(request, visitor, str(report_id), form)


def _serve_answer(router: APIRouter, pages: ReportDesk, staff: Any) -> None:
    @router.get("/{report_id}/risposta")
    async def ask_for_answer(
        request: Request, report_id: UUID, visitor: Annotated[Visitor, staff], torna: str = ""
    ) -> Response:
        return await pages.ask_for_answer(request, visitor, str(report_id), Typed(back=torna))

    @router.post("/{report_id}/risposta")
    async def write_answer(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, staff],
        form: Annotated[AnswerForm, Form()],
    ) -> Response:
        return await pages.answer(request, visitor, str(report_id), form)


def _page_around(request: Request) -> str:
    """The path of the page that a fragment is loaded into."""
    parts = urlsplit(request.headers.get("hx-current-url", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
