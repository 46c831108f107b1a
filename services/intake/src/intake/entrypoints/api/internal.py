"""The internal JSON API: contacts for notify, full reports for staff."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from chassis.service import ServiceContext
from chassis.web import Principal
from intake.app import contents
from intake.app.addressees import Addressee, addressees
from intake.app.readings import Reader
from intake.app.report_names import ReportName, named_reports, names_of
from intake.app.same_person import reports_of_same_person
from intake.app.tracking_codes import read_code
from intake.app.use_cases import UseCases
from intake.domain.category_texts import CategoryWords
from intake.domain.readers import Part
from intake.entrypoints.api.duplicates import serve_merging
from intake.entrypoints.api.status_sessions import serve_status_sessions

# The most ids of one request: its URL stays below the 8 KiB that servers accept.
MOST = 100


class KnownContact(BaseModel):
    """The addressee of messages about a report, their language, and how they recognise the report; never its PIN.

    What waits for the desk has no code yet: it is empty.
    """

    name: str | None
    email: str
    language: str
    tracking_code: str
    category: str | None
    place: str | None


class KnownContacts(BaseModel):
    """Contacts by report id; null without an address or after its erasure, absent without a report."""

    contacts: dict[str, KnownContact | None]


class KnownName(BaseModel):
    """How staff recognises a report: its code, and the labels of its category and place where they may be shown."""

    tracking_code: str
    category: str | None
    place: str | None


class KnownNames(BaseModel):
    """Names by report id; absent without a report."""

    names: dict[str, KnownName]


class PersonReports(BaseModel):
    """The reports of one person, the newest first."""

    report_ids: list[str]


class ReportContact(BaseModel):
    """Name, e-mail address and phone number of the reporter."""

    name: str | None
    email: str | None
    phone: str | None


class FullReport(BaseModel):
    """A report with its description, contact and flat; null after their erasure."""

    report_id: str
    tracking_code: str
    status: str
    category: str
    place_id: str
    flat: str | None
    urgency: str
    channel: str
    language: str
    heard_at: AwareDatetime
    registered_at: AwareDatetime
    description: str | None
    frailty: bool | None
    contact: ReportContact | None


def router(context: ServiceContext, use_cases: UseCases) -> APIRouter:
    """The routes that need a token."""
    api = APIRouter(prefix="/internal", tags=["internal"])

    @api.get("/contacts", dependencies=[Depends(context.require("service"))])
    async def show_contacts(
        report_id: Annotated[list[UUID], Query(min_length=1, max_length=MOST)], response: Response
    ) -> KnownContacts:
        """The present contacts of these reports."""
        response.headers["Cache-Control"] = "no-store"
        found = await use_cases.contents.read_all([str(one) for one in report_id])
        names = await names_of(use_cases.registers, [full.report for full in found.values()])
        words = {
            language: await use_cases.registers.words(language)
            for language in {full.report.language for full in found.values()}
        }
        missing = [str(one) for one in report_id if str(one) not in found]
        waiting = await addressees(context, use_cases.contents, missing)
        return KnownContacts(
            contacts={one: _waiting_contact(item) for one, item in waiting.items()}
            | {one: _contact(full, names[one], words[full.report.language]) for one, full in found.items()}
        )

    @api.get("/names", dependencies=[Depends(context.require("service"))])
    async def show_names(
        report_id: Annotated[list[UUID], Query(max_length=MOST, default_factory=list)],
        tracking_code: Annotated[str, Query(max_length=40)] = "",
    ) -> KnownNames:
        """The names of these reports, and of those with this tracking code as a person types it."""
        ids = [str(one) for one in report_id]
        found = await named_reports(context, use_cases.registers, ids, read_code(tracking_code))
        return KnownNames(
            names={
                one: KnownName(tracking_code=name.tracking_code, category=name.category, place=name.place)
                for one, name in found.items()
            }
        )

    @api.get("/people/{report_id}", dependencies=[Depends(context.require("service"))])
    async def show_person(report_id: UUID) -> PersonReports:
        """The reports with the address and the place of this one."""
        found = await reports_of_same_person(context, use_cases.contents, str(report_id))
        return PersonReports(report_ids=list(found))

    staff = context.require("operator", "coordinator", "officer")

    @api.get("/reports/{report_id}")
    async def read_report(
        report_id: UUID, response: Response, principal: Annotated[Principal, Depends(staff)]
    ) -> FullReport:
        """The whole report, for staff who work on it; the audit has a line of who read it."""
        response.headers["Cache-Control"] = "no-store"
        reader = Reader(principal.subject, principal.roles)
        return _full(await use_cases.readings.read(str(report_id), reader, Part.FULL))

    serve_merging(api, context, use_cases)
    serve_status_sessions(api, context, use_cases)
    return api


def _contact(full: contents.FullReport, name: ReportName, words: CategoryWords) -> KnownContact | None:
    if full.content is None or full.content.contact.email is None:
        return None
    report, contact = full.report, full.content.contact
    return KnownContact(
        name=contact.name,
        email=contact.email,
        language=report.language,
        tracking_code=report.tracking_code,
        category=name.subject and words.category(name.subject),
        place=name.place,
    )


def _waiting_contact(item: Addressee) -> KnownContact | None:
    if item.contact is None or item.contact.email is None:
        return None
    return KnownContact(
        name=item.contact.name,
        email=item.contact.email,
        language=item.language,
        tracking_code="",
        category=None,
        place=None,
    )


def _full(full: contents.FullReport) -> FullReport:
    report, content = full.report, full.content
    return FullReport(
        **{name: getattr(report, name) for name in FullReport.model_fields if hasattr(report, name)},
        description=content and content.text,
        flat=content and content.flat,
        frailty=content and content.frail,
        contact=content and ReportContact(**asdict(content.contact)),
    )
