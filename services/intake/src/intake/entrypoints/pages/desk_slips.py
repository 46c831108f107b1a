"""A new PIN for a tenant at the listening point, and the slip that shows a PIN once."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from intake.domain.identity_checks import IdentityCheck
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from webkit.login import Visitor

ASK, SLIP = "staff/new_pin.html", "staff/slip.html"


class PinForm(BaseModel):
    """The confirmation of a new PIN; the id of the form makes the PIN."""

    command_id: UUID
    controllo: str = ""


class SlipDesk:
    """Makes a new PIN in two steps and shows slips."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._slips = desk, desk.use_cases.slips

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
            report=report,
            words=await self._desk.words(report),
            checks=tuple(IdentityCheck),
            check=check,
            step=2 if asked and not errors else 1,
            command_id=self._desk.new_id(),
            place_of=page_of(report_id),
            errors=errors,
        )

    async def renew(self, request: Request, visitor: Visitor, report_id: str, form: PinForm) -> Response:
        """Make the PIN and go to its slip; or ask again how the person was identified."""
        if form.controllo not in set(IdentityCheck):
            return await self.ask(request, visitor, report_id, form.controllo, asked=True)
        nonce, check = str(form.command_id), IdentityCheck(form.controllo)
        again = await self._slips.renew(report_id, reader_of(visitor), nonce, check)
        place = f"{page_of(report_id)}/foglio?pin={nonce}"
        return self._desk.site.redirect(request, place, "pin-renewed", again)

    async def slip(self, request: Request, visitor: Visitor, report_id: str, nonce: str | None) -> Response:
        """The slip, once; the second time a notice says how to get another one."""
        report = await self._desk.use_cases.readings.admit(report_id, reader_of(visitor))
        words = await self._desk.words(report)
        receipt = await self._slips.take(report_id, reader_of(visitor), nonce)
        values: dict[str, Any] = {"receipt": receipt, "words": words, "place_of": page_of(report_id)}
        return self._desk.site.page(request, SLIP, reader=visitor, is_new=nonce is not None, **values)


def slips_router(desk: Desk) -> APIRouter:
    """The routes of a new PIN and of slips, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), SlipDesk(desk), Depends(desk.guard(*WORKERS))

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
    async def show_slip(
        request: Request, report_id: UUID, visitor: Annotated[Visitor, workers], pin: UUID | None = None
    ) -> Response:
        return await pages.slip(request, visitor, str(report_id), None if pin is None else str(pin))

    return router
