"""The receipt of a session, to be printed in the language of the household: as a page and as PDF."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from intake.entrypoints.pages.desk_layout import reader_of
from intake.entrypoints.pages.opening_hours import opening_hours
from intake.entrypoints.pages.qr_codes import qr_code, qr_svg
from intake.entrypoints.pages.session_layout import OPERATORS, TALKS, SessionDesk
from webkit.login import Visitor

RECEIPT, SHEET = "public/session_receipt.html", "public/session_receipt.xml"

# The PDF of a sheet in XML, created at this time.
MakePdf = Callable[[str, datetime], Awaitable[bytes]]


class ReceiptPages:
    """Shows the receipt as a page."""

    def __init__(self, desk: SessionDesk, make_pdf: MakePdf) -> None:
        self._desk, self._make_pdf = desk, make_pdf

    async def show(self, request: Request, visitor: Visitor, session_id: str) -> Response:
        """The receipt, with codes, PINs, offices, dates, appointments and opening hours."""
        receipt = await self._desk.use_cases.session_receipts.of(session_id, reader_of(visitor))
        language = self._desk.site.texts.language(receipt.language)
        points = opening_hours(self._desk.site.agency, language)
        return self._desk.site.sheet(
            request, RECEIPT, language, receipt=receipt, points=points, qr_code=qr_code
        )

    async def pdf(self, visitor: Visitor, session_id: str) -> Response:
        """The same as a file."""
        receipt = await self._desk.use_cases.session_receipts.of(session_id, reader_of(visitor))
        site, language = self._desk.site, self._desk.site.texts.language(receipt.language)
        points = opening_hours(site.agency, language)
        sheet = site.document(SHEET, language, receipt=receipt, points=points, qr_svg=qr_svg)
        content = await self._make_pdf(sheet, receipt.session.ended_at or receipt.session.started_at)
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'inline; filename="foglio.pdf"'}
        return Response(content, headers=headers, media_type="application/pdf")


def receipt_router(desk: SessionDesk, make_pdf: MakePdf) -> APIRouter:
    """The routes of the receipt, for operators."""
    router, pages, operators = (
        APIRouter(prefix=TALKS),
        ReceiptPages(desk, make_pdf),
        Depends(desk.guard(*OPERATORS)),
    )

    @router.get("/{session_id}/foglio")
    async def show(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.show(request, visitor, str(session_id))

    @router.get("/{session_id}/foglio.pdf")
    async def show_pdf(session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.pdf(visitor, str(session_id))

    return router
