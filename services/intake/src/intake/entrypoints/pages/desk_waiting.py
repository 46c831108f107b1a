"""What was heard and waits for the desk: the list, and the page on which it becomes a report, part of one, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.tracking_codes import read_code
from intake.app.waiting import ReadableItem
from intake.domain.photos import Size
from intake.domain.waiting import DiscardReason, WaitingItem
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
from intake.entrypoints.pages.desk_photos import Sha256
from intake.queries.reports import report_of, reports_with_code
from webkit.login import Visitor

LIST, PAGE = "staff/waiting.html", "staff/waiting_item.html"
WAITING_HOME = f"{HOME}/da-completare"


class DiscardForm(BaseModel):
    """The form that discards an item."""

    command_id: UUID
    motivo: str = ""


class AttachForm(BaseModel):
    """The form that adds an item to a report."""

    command_id: UUID
    codice: str = ""
    testo: str = ""


@dataclass(frozen=True)
class Typed:
    """What the page's three forms hold after one of them was sent, and why that was refused."""

    form: ReportForm
    found: Asked = field(default_factory=Asked)
    refusals: Refusals = field(default_factory=lambda: Refusals({}, status=200))
    attach: AttachForm | None = None
    reason: str = ""


class WaitingDesk:
    """Shows waiting items, and completes, attaches and discards them."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases, self._waiting = desk, desk.use_cases, desk.use_cases.waiting

    async def list(self, request: Request, visitor: Visitor, since: datetime | None) -> Response:
        """The items, without what was written in them."""
        page = await self._waiting.list(reader_of(visitor), since)
        rows = [(one, await self._said(request, one)) for one in page.items]
        crumbs = self._desk.crumbs(request)
        return self._desk.site.page(
            request, LIST, reader=visitor, crumbs=crumbs, rows=rows, after=page.after, since=since
        )

    async def show(
        self, request: Request, visitor: Visitor, item_id: str, typed: Typed | None = None
    ) -> Response:
        """One item, with its forms."""
        read = await self._waiting.read(item_id, reader_of(visitor))
        if typed is None:
            form = _filled(read, self._desk.new_id())
            typed = Typed(form, await self._asked(request, form))
        about = await report_of(self._desk.context, read.item.about or "")
        values = await form_values(
            self._desk.site, self._cases, request, typed.form, typed.refusals, typed.found
        )
        attach = typed.attach or AttachForm(
            command_id=UUID(self._desk.new_id()),
            codice=about.tracking_code if about else "",
            testo=typed.form.description,
        )
        return self._desk.site.page(
            request,
            PAGE,
            typed.refusals.status,
            reader=visitor,
            crumbs=(*self._desk.crumbs(request), self._crumb(request)),
            item=read.item,
            content=read.content,
            said=await self._said(request, read.item),
            photos=await self._cases.photos.readable(item_id),
            left_out=await self._cases.photos.left_out(item_id),
            about=about,
            attach=attach,
            reason=typed.reason,
            reasons=tuple(DiscardReason),
            here_path=f"{WAITING_HOME}/{item_id}",
            place_search=f"{WAITING_HOME}/{item_id}/luogo",
            **values,
        )

    async def find_place(
        self, request: Request, visitor: Visitor, item_id: str, form: ReportForm
    ) -> Response:
        """The page as it was typed, with the places that its words find."""
        return await self.show(request, visitor, item_id, Typed(form, await self._asked(request, form)))

    async def settle(self, request: Request, visitor: Visitor, item_id: str, form: ReportForm) -> Response:
        """Make the report and go to its page; or show the page again with errors, new questions or dangers."""
        reader, found = reader_of(visitor), await self._asked(request, form)
        item = await self._waiting.admit(item_id, reader)
        draft = found.draft(form.draft())
        judged = await self._waiting.judge(item, draft)
        if item.waits and has_more_to_ask(form, found):
            return await self.show(request, visitor, item_id, Typed(form, found))
        if item.waits and judged.faults:
            refusals = refusals_of(self._desk.site.language(request), judged.faults, found)
            return await self.show(request, visitor, item_id, Typed(form, found, refusals))
        again = await self._waiting.settle(item_id, reader, draft, str(form.command_id))
        return self._desk.site.redirect(request, await self._result(item_id), "item-settled", again)

    async def attach(self, request: Request, visitor: Visitor, item_id: str, form: AttachForm) -> Response:
        """Add the item to the report with this code and go to its page; or show the page again with the error."""
        code = read_code(form.codice)
        reports = await reports_with_code(self._desk.context, code) if code else []
        slug = "" if len(reports) == 1 else "code-unknown" if code else "code-unreadable"
        errors = {"codice": self._desk.site.language(request).label("desk-error", slug)} if slug else {}
        if not errors:
            try:
                about = reports[0].report_id
                again = await self._waiting.attach(item_id, reader_of(visitor), about, form.testo)
                return self._desk.site.redirect(request, await self._result(item_id), "item-attached", again)
            except Refused as refused:
                if refused.status not in (409, 422) or refused.slug == "item-discarded":
                    raise
                errors = {"testo": self._desk.error(request, refused)}
        fresh = _filled(await self._waiting.read(item_id, reader_of(visitor)), self._desk.new_id())
        typed = Typed(fresh, await self._asked(request, fresh), Refusals(errors), form)
        return await self.show(request, visitor, item_id, typed)

    async def discard(self, request: Request, visitor: Visitor, item_id: str, form: DiscardForm) -> Response:
        """Discard the item and return to the list; or show the page again without a reason."""
        try:
            again = await self._waiting.discard(
                item_id, reader_of(visitor), form.motivo, str(form.command_id)
            )
        except Refused as refused:
            if refused.slug != "reason-missing":
                raise
            fresh = _filled(await self._waiting.read(item_id, reader_of(visitor)), self._desk.new_id())
            refusals = Refusals({"motivo": self._desk.error(request, refused)})
            typed = Typed(fresh, await self._asked(request, fresh), refusals)
            return await self.show(request, visitor, item_id, typed)
        return self._desk.site.redirect(request, WAITING_HOME, "item-discarded", again)

    async def photo(self, visitor: Visitor, item_id: str, sha256: str) -> Response:
        """A photo of the item, large; the audit has a line of who sees it."""
        await self._waiting.read(item_id, reader_of(visitor))
        data = await self._cases.photos.read(item_id, sha256, Size.LARGE)
        return Response(data, media_type="image/jpeg")

    async def _asked(self, request: Request, form: ReportForm) -> Asked:
        return await asked_in(request, self._cases, form.category, form.place_id, form.description)

    async def _said(self, request: Request, item: WaitingItem) -> Mapping[str, str]:
        """What its sender said of category and place, in words where they are known."""
        registers = self._cases.registers
        category = (await registers.categories()).category(item.category)
        place = (await registers.places()).place(item.place_id)
        words = await registers.words(self._desk.site.language(request).code)
        return {
            "category": words.category(category) if category else item.category,
            "place": place.label if place else item.place_id,
        }

    async def _result(self, item_id: str) -> str:
        """The page of the report that an item became, or that it was added to."""
        item = await self._waiting.find(item_id)
        report = await report_of(self._desk.context, item_id)
        return page_of(item.about if report is None and item and item.about else item_id)

    def _crumb(self, request: Request) -> tuple[str, str]:
        return self._desk.site.language(request).label("desk-crumb", "waiting"), WAITING_HOME


def _filled(read: ReadableItem, command_id: str) -> ReportForm:
    """The form with what the item says."""
    item, content = read.item, read.content
    form = ReportForm(
        command_id=UUID(command_id), category=item.category, place_id=item.place_id, language=item.language
    )
    if content is None:
        return form
    contact = content.contact
    return form.model_copy(
        update={
            "description": content.text,
            "flat": content.flat or "",
            "frailty": "yes" if content.frail else "",
            "name": contact.name or "",
            "email": contact.email or "",
            "phone": contact.phone or "",
        }
    )


def waiting_router(desk: Desk) -> APIRouter:
    """The routes of waiting items, for operators and coordinators."""
    router, pages = APIRouter(prefix=WAITING_HOME), WaitingDesk(desk)
    workers: Any = Depends(desk.guard(*WORKERS))
    _serve_items(router, pages, workers)
    _serve_ends(router, pages, workers)
    return router


def _serve_items(router: APIRouter, pages: WaitingDesk, workers: Any) -> None:
    @router.get("")
    async def list_items(
        request: Request, visitor: Annotated[Visitor, workers], da: datetime | None = None
    ) -> Response:
        return await pages.list(request, visitor, da)

    @router.get("/{item_id}")
    async def show_item(request: Request, item_id: UUID, visitor: Annotated[Visitor, workers]) -> Response:
        return await pages.show(request, visitor, str(item_id))

    @router.get("/{item_id}/foto/{sha256}")
    async def show_photo(item_id: UUID, sha256: Sha256, visitor: Annotated[Visitor, workers]) -> Response:
        return await pages.photo(visitor, str(item_id), sha256)

    @router.post("/{item_id}/luogo")
    async def find_place(
        request: Request,
        item_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[ReportForm, Form()],
    ) -> Response:
        return await pages.find_place(request, visitor, str(item_id), form)


def _serve_ends(router: APIRouter, pages: WaitingDesk, workers: Any) -> None:
    @router.post("/{item_id}")
    async def settle(
        request: Request,
        item_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[ReportForm, Form()],
    ) -> Response:
        return await pages.settle(request, visitor, str(item_id), form)

    @router.post("/{item_id}/aggiungi")
    async def attach(
        request: Request,
        item_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[AttachForm, Form()],
    ) -> Response:
        return await pages.attach(request, visitor, str(item_id), form)

    @router.post("/{item_id}/scarta")
    async def discard(
        request: Request,
        item_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[DiscardForm, Form()],
    ) -> Response:
        return await pages.discard(request, visitor, str(item_id), form)
