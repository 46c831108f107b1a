"""The internal API by which another service shows a page to whoever has the code and the PIN of a report."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, StringConstraints

from chassis.fields import Text
from chassis.service import ServiceContext
from intake.app.use_cases import UseCases

# A cookie as the browser sent it; ours are shorter.
Cookie = Annotated[Text, StringConstraints(max_length=400)]


class StatusSession(BaseModel):
    """The cookies of a browser: its permission to see a report, and what recognises the browser."""

    permission: Cookie
    browser: Cookie


class PermittedReport(BaseModel):
    """The report that the browser may see, and the kind of its category."""

    report_id: str
    tracking_code: str
    kind: str | None


class Permitted(BaseModel):
    """What a browser may see; null without a permission, or after its end."""

    report: PermittedReport | None


def serve_status_sessions(api: APIRouter, context: ServiceContext, use_cases: UseCases) -> None:
    """Add the question which report a browser may see; the secrets are in the body, which no log has."""

    @api.post("/status-sessions", dependencies=[Depends(context.require("service"))])
    async def find_permitted(body: StatusSession, response: Response) -> Permitted:
        """The report that this browser may see now."""
        response.headers["Cache-Control"] = "no-store"
        found = await use_cases.status_sessions.find(body.permission, body.browser)
        if found is None:
            return Permitted(report=None)
        category = (await use_cases.registers.categories()).category(found.category)
        kind = category.kind.value if category else None
        report = PermittedReport(report_id=found.report_id, tracking_code=found.tracking_code, kind=kind)
        return Permitted(report=report)
