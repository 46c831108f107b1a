"""The doors for the agency's own: contacts for notify, what a report says for whoever works on it."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel

from chassis.doors import Doors
from chassis.errors import Refused
from intake.entrypoints.desk import Desk


class KnownContact(BaseModel):
    """Whom to write to about a report, and in which language."""

    name: str | None
    email: str
    language: str


class HowToReach(BaseModel):
    """How to reach whoever made the report."""

    name: str | None
    email: str | None
    phone: str | None


class FullReport(BaseModel):
    """A report with what it says and who says it; both empty where they were erased."""

    report_id: str
    tracking_code: str
    status: str
    category: str
    place_id: str
    urgency: str
    channel: str
    language: str
    heard_at: AwareDatetime
    registered_at: AwareDatetime
    description: str | None
    frailty: bool | None
    contact: HowToReach | None


def router(doors: Doors, desk: Desk) -> APIRouter:
    """The routes that need a token."""
    api = APIRouter(prefix="/internal", tags=["internal"])

    @api.get("/contacts/{report_id}", dependencies=[Depends(doors.require("service"))])
    async def show_contact(report_id: UUID, response: Response) -> KnownContact:
        """The address to write to; 404 `no-contact` when none was given or it was erased."""
        response.headers["Cache-Control"] = "no-store"
        report, said = await desk.read(str(report_id))
        if said is None or said.contact.email is None:
            raise Refused("no-contact", "No address was given for this report.", status=404)
        return KnownContact(name=said.contact.name, email=said.contact.email, language=report.language)

    @api.get(
        "/reports/{report_id}", dependencies=[Depends(doors.require("operator", "coordinator", "officer"))]
    )
    async def read_report(report_id: UUID, response: Response) -> FullReport:
        """Everything that whoever works on the report may know."""
        response.headers["Cache-Control"] = "no-store"
        report, said = await desk.read(str(report_id))
        return FullReport(
            **{name: getattr(report, name) for name in FullReport.model_fields if hasattr(report, name)},
            description=said and said.text,
            frailty=said and said.frail,
            contact=said
            and HowToReach(name=said.contact.name, email=said.contact.email, phone=said.contact.phone),
        )

    return api
