"""A new PIN for a tenant at the listening point, and the receipt that shows a PIN once."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from intake.domain.identity_checks import IdentityCheck
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from intake.entrypoints.pages.qr_codes import qr_code
from webkit.login import Visitor

ASK, RECEIPT = "staff/new_pin.html", "staff/receipt.html"


class PinForm(BaseModel):
    """The confirmation of a new PIN; the id of the form makes the PIN."""

    command_id: UUID
    controllo: str = ""


class ReceiptDesk:
    """Makes a new PIN in two steps and shows receipts."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._receipts = desk, desk.use_cases.receipts

    async def ask(
        self, request: Request, visitor: Visitor, report_id: str, check: str, asked: bool
    ) -> Response:
        """Step 1 asks how the person was identified, step 2 names the report and what happens."""
        report = await self._desk.use_cases.readings.admit(report_id, reader_of(visitor))
        errors = {}
        if asked and check not in set(IdentityCheck):
            errors = {"controllo": self._desk.site.language(request).label("desk-error", "check-missing")}
        return self._desk.site.page(
            request,
            ASK,
            422 if errors else 200,
            reader=visitor,
            crumbs=self._desk.crumbs(request, report),
            report=report,
            words=await self._desk.words(request, report),
            checks=tuple(IdentityCheck),
            check=check,
            step=2 if asked and not errors else 1,
            command_id=self._desk.new_id(),
            place_of=page_of(report_id),
            errors=errors,
        )

    async def renew(self, request: Request, visitor: Visitor, report_id: str, form: PinForm) -> Response:
        """Make the PIN and go to its receipt; or ask again how the person was identified."""
        if form.controllo not in set(IdentityCheck):
            return await self.ask(request, visitor, report_id, form.controllo, asked=True)
        nonce, check = str(form.command_id), IdentityCheck(form.controllo)
        again = await self._receipts.renew(report_id, reader_of(visitor), nonce, check)
        place = f"{page_of(report_id)}/foglio?pin={nonce}"
        return self._desk.site.redirect(request, place, "pin-renewed", again)

    async def receipt(
        self, request: Request, visitor: Visitor, report_id: str, nonce: str | None
    ) -> Response:
        """The receipt, once; the second time a notice says how to get another one."""
        report = await self._desk.use_cases.readings.admit(report_id, reader_of(visitor))
        words = await self._desk.words(request, report)
        receipt = await self._receipts.take(report_id, reader_of(visitor), nonce)
        values: dict[str, Any] = {
            "receipt": receipt,
            "words": words,
            "place_of": page_of(report_id),
            "qr_code": qr_code,
        }
        return self._desk.site.page(request, RECEIPT, reader=visitor, is_new=nonce is not None, **values)


def receipts_router(desk: Desk) -> APIRouter:
    """The routes of a new PIN and of receipts, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), ReceiptDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("/{report_id}/nuovo-pin")
    async def ask(
        request: Request, report_id: UUID, visitor: Annotated[Visitor, workers], controllo: str | None = None
    ) -> Response:
        return await pages.ask(request, visitor, str(report_id), controllo or "", asked=controllo is not None)

    @router.post("/{report_id}/nuovo-pin")
    async def renew(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[PinForm, Form()],
    ) -> Response:
        return await pages.renew(request, visitor, str(report_id), form)

    @router.get("/{report_id}/foglio")
    async def show_receipt(
        request: Request, report_id: UUID, visitor: Annotated[Visitor, workers], pin: UUID | None = None
    ) -> Response:
        return await pages.receipt(request, visitor, str(report_id), None if pin is None else str(pin))

    return router
