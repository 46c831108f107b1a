"""The messages of one report, and sending one of them again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from notify.app.resend import resend_message
from notify.domain.messages import ResendReason
from notify.entrypoints.pages.layout import CASE_WORKERS, HOME, Pages, page_of
from notify.queries import messages
from webkit.login import Visitor

MOST, MOST_NAMES = 200, 100


class ResendForm(BaseModel):
    """The reason for sending a message again; `command_id` is made with the form."""

    command_id: UUID
    motivo: str = ""


class ReportMessages:
    """The page of a report's messages, and the step that sends one again."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._site = pages, pages.site

    async def show(self, request: Request, visitor: Visitor, report_id: str) -> Response:
        """The messages of a report, the newest first."""
        found = await messages.messages_of(self._pages.context, [report_id], MOST)
        names, known = await self._pages.names_of([report_id])
        if not found and known and report_id not in names:
            raise Refused("not-found", "There is no report with this id.", 404)
        return self._pages.page(
            request,
            "staff/report_messages.html",
            visitor,
            report_id=report_id,
            name=names.get(report_id),
            messages=found,
            is_case_worker=not visitor.roles.isdisjoint(CASE_WORKERS),
        )

    async def show_person(self, request: Request, visitor: Visitor, report_id: str) -> Response:
        """The messages of all reports of the person who made this one; raises Unavailable when intake does not answer."""
        reports = await self._pages.names.of_same_person(report_id)
        if not reports:
            raise Refused("not-found", "There is no report with this id.", 404)
        return self._pages.page(
            request,
            "staff/person_messages.html",
            visitor,
            report_id=report_id,
            names=await self._pages.names.of(reports[:MOST_NAMES]),
            messages=await messages.messages_of(self._pages.context, reports, MOST),
        )

    async def ask(
        self, request: Request, visitor: Visitor, message_id: str, error: str = "", status: int = 200
    ) -> Response:
        """The step that names the message and asks for the reason."""
        message = await messages.read_message(self._pages.context, message_id)
        names, _ = await self._pages.names_of([message.report_id])
        language = self._site.language(request)
        return self._pages.page(
            request,
            "staff/resend.html",
            visitor,
            status,
            message=message,
            name=names.get(message.report_id),
            reasons=tuple(ResendReason),
            back=page_of(message.report_id),
            command_id=self._pages.new_id(),
            errors={"motivo": language.label("resend-error", error)} if error else {},
        )

    async def resend(self, request: Request, visitor: Visitor, message_id: str, form: ResendForm) -> Response:
        """Send the message again and return to the messages of its report; a refusal is shown on the step."""
        if form.motivo not in set(ResendReason):
            return await self.ask(request, visitor, message_id, "reason", 422)
        message = await messages.read_message(self._pages.context, message_id)
        reason = ResendReason(form.motivo)
        try:
            answer = await resend_message(
                self._pages.context, message_id, message.report_id, reason, visitor.subject, form.command_id
            )
        except Refused as refusal:
            return await self.ask(request, visitor, message_id, refusal.slug, refusal.status)
        kind = self._site.language(request).label("message-kind", message.template)
        return self._site.redirect(
            request, page_of(message.report_id), "resent", answer.again, {"message": kind}
        )


def report_router(pages: Pages) -> APIRouter:
    """The routes of a report's messages."""
    router, shown, guard = APIRouter(prefix=HOME), ReportMessages(pages), Depends(pages.guard())

    @router.get("/caso/{report_id}")
    async def show_report(request: Request, report_id: UUID, visitor: Annotated[Visitor, guard]) -> Response:
        return await shown.show(request, visitor, str(report_id))

    @router.get("/persona/{report_id}")
    async def show_person(request: Request, report_id: UUID, visitor: Annotated[Visitor, guard]) -> Response:
        return await shown.show_person(request, visitor, str(report_id))

    @router.get("/{message_id}/rinvio")
    async def ask(request: Request, message_id: UUID, visitor: Annotated[Visitor, guard]) -> Response:
        return await shown.ask(request, visitor, str(message_id))

    @router.post("/{message_id}/rinvio")
    async def resend(
        request: Request,
        message_id: UUID,
        visitor: Annotated[Visitor, guard],
        form: Annotated[ResendForm, Form()],
    ) -> Response:
        return await shown.resend(request, visitor, str(message_id), form)

    return router
