"""The public text of a report: staff write it beside the original, publish it and take it back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.domain.publications import Publication
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from webkit.login import Visitor

LIST, PAGE = "staff/publications.html", "staff/publication.html"


class PublicationForm(BaseModel):
    """The form of the public text."""

    command_id: UUID
    testo: str = ""


class TakeBackForm(BaseModel):
    """The form that takes the text back."""

    command_id: UUID


class PublicationDesk:
    """Shows the public texts, and publishes and takes back."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._texts = desk, desk.use_cases.publications

    async def list(self, request: Request, visitor: Visitor) -> Response:
        """The reports that can be public, those without a public text first."""
        rows = [
            (row.report, await self._desk.words(request, row.report), _state(row.publication))
            for row in await self._texts.recent()
            if row.sealed is not None
        ]
        rows.sort(key=lambda row: row[2] != "waiting")
        return self._desk.site.page(
            request, LIST, reader=visitor, crumbs=self._desk.crumbs(request), rows=rows
        )

    async def show(
        self,
        request: Request,
        visitor: Visitor,
        report_id: str,
        typed: PublicationForm | None = None,
        error: str = "",
    ) -> Response:
        """What was written beside the public text; with the error and what was typed, if it was refused."""
        found = await self._texts.review(report_id, reader_of(visitor))
        report = found.dossier.report
        publication = found.publication
        return self._desk.site.page(
            request,
            PAGE,
            422 if error else 200,
            reader=visitor,
            crumbs=self._desk.crumbs(request, report),
            report=report,
            dossier=found.dossier,
            words=await self._desk.words(request, report),
            can_be_public=await self._texts.is_public(report) and report.status != "withdrawn",
            state=_state(publication),
            review=publication.reviews[-1] if publication else None,
            text=typed.testo if typed else found.text or "",
            errors={"testo": error} if error else {},
            command_id=typed.command_id if typed else self._desk.new_id(),
            place_of=page_of(report_id),
        )

    async def publish(
        self, request: Request, visitor: Visitor, report_id: str, form: PublicationForm
    ) -> Response:
        """Publish the text; or show the form again with the error."""
        try:
            again = await self._texts.publish(report_id, reader_of(visitor), str(form.command_id), form.testo)
        except Refused as refused:
            if refused.status != 422:
                raise
            if refused.slug == "id-reused":
                form = form.model_copy(update={"command_id": UUID(self._desk.new_id())})
            return await self.show(request, visitor, report_id, form, self._desk.error(request, refused))
        return self._desk.site.redirect(request, _page(report_id), "text-published", again)

    async def take_back(
        self, request: Request, visitor: Visitor, report_id: str, form: TakeBackForm
    ) -> Response:
        """Take the text back."""
        again = await self._texts.take_back(report_id, reader_of(visitor), str(form.command_id))
        return self._desk.site.redirect(request, _page(report_id), "text-taken-back", again)


def publication_router(desk: Desk) -> APIRouter:
    """The routes of public texts, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), PublicationDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("/pubbliche")
    async def list_texts(request: Request, visitor: Annotated[Visitor, workers]) -> Response:
        return await pages.list(request, visitor)

    @router.get("/{report_id}/pubblicazione")
    async def show_text(request: Request, report_id: UUID, visitor: Annotated[Visitor, workers]) -> Response:
        return await pages.show(request, visitor, str(report_id))

    @router.post("/{report_id}/pubblicazione")
    async def publish(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[PublicationForm, Form()],
    ) -> Response:
        return await pages.publish(request, visitor, str(report_id), form)

    @router.post("/{report_id}/pubblicazione/ritiro")
    async def take_back(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[TakeBackForm, Form()],
    ) -> Response:
        return await pages.take_back(request, visitor, str(report_id), form)

    return router


def _page(report_id: str) -> str:
    return f"{page_of(report_id)}/pubblicazione"


def _state(publication: Publication | None) -> str:
    """The code of the state: waiting for a review, public, or taken back."""
    if publication is None:
        return "waiting"
    return "public" if publication.is_public else "taken-back"
