"""The doors for the agency's own: contacts for notify, what a report says for whoever works on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from chassis.service import ServiceContext
from intake.domain.reports import Report
from intake.entrypoints.desk import Desk, Said

# What one question may be about: its address stays below the 8 KiB that servers take.
MOST = 100


class KnownContact(BaseModel):
    """Whom to write to about a report, and in which language."""

    name: str | None
    email: str
    language: str


class KnownContacts(BaseModel):
    """Whom to write to, by report; null where no address was given or it was erased, absent without a report."""

    contacts: dict[str, KnownContact | None]


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


def router(context: ServiceContext, desk: Desk) -> APIRouter:
    """The routes that need a token."""
    api = APIRouter(prefix="/internal", tags=["internal"])

    @api.get("/contacts", dependencies=[Depends(context.require("service"))])
    async def show_contacts(
        report_id: Annotated[list[UUID], Query(min_length=1, max_length=MOST)], response: Response
    ) -> KnownContacts:
        """The addresses to write to about these reports, as they are now."""
        response.headers["Cache-Control"] = "no-store"
        found = await desk.read_all([str(one) for one in report_id])
        return KnownContacts(contacts={one: _contact(*read) for one, read in found.items()})

    @api.get(
        "/reports/{report_id}", dependencies=[Depends(context.require("operator", "coordinator", "officer"))]
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


def _contact(report: Report, said: Said | None) -> KnownContact | None:
    if said is None or said.contact.email is None:
        return None
    return KnownContact(name=said.contact.name, email=said.contact.email, language=report.language)
