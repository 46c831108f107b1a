"""The JSON API for the public and for other teams' programs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.errors import Refused
from chassis.fields import Instant
from chassis.service import ServiceContext
from intake.domain.drafts import Contact, Draft
from intake.domain.reports import Report
from intake.entrypoints.attempts import Caller
from intake.entrypoints.desk import Desk, Receipt
from intake.entrypoints.devices import network_of

Pin = Annotated[str, Header(alias="Ascolto-Pin", description="The six digits of the slip.", max_length=64)]
Sender = Annotated[
    str | None,
    Header(
        alias="Ascolto-Sender",
        description=(
            "A random secret of 16 to 64 letters, digits, `-` or `_`, made by the client with the first send of a report and "
            "sent with each resend: only with it a resend is answered with code and PIN again, and wrong PINs of others do "
            "not make its own wait. Only a keyed hash of it is stored. Make a new one for each report."
        ),
        pattern=r"^[A-Za-z0-9_-]{16,64}$",
    ),
]
Reason = Literal["solved-itself", "mistake", "other"]


class Asked(BaseModel):
    """A body from outside: nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewContact(Asked):
    """How to reach whoever makes the report; all optional."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class NewReport(Asked):
    """A report to take in."""

    report_id: UUID | None = Field(
        None, description="Made by the client (UUIDv7): a resend is the same report."
    )
    category: str = Field(description="A code from GET /v1/categories.")
    place_id: str = Field(description="An id from GET /v1/places.")
    description: str = Field(description="What is wrong, in any language; kept sealed, never published.")
    language: str = Field("it", description="The language to answer in (ISO 639-1).")
    channel: Literal["web", "phone", "operator", "api", "import"] = "api"
    heard_at: Instant | None = Field(
        None, description="When the agency first heard it, RFC 3339 with its offset; now when left out."
    )
    contact: NewContact | None = None
    frailty: bool = Field(
        False, description="A frail person lives there; raises the urgency, is never published."
    )

    def draft(self) -> Draft:
        """What is asked, in the words of the domain."""
        given = self.contact or NewContact()
        return Draft(
            category=self.category,
            place_id=self.place_id,
            description=self.description,
            language=self.language,
            channel=self.channel,
            heard_at=self.heard_at,
            contact=Contact(given.name, given.email, given.phone),
            frail=self.frailty,
        )


class Accepted(BaseModel):
    """The slip: with code and PIN anyone can ask where the report stands."""

    report_id: str
    tracking_code: str
    pin: str
    status_url: str


class Known(BaseModel):
    """The report was taken in before, and this request does not prove that it comes from whoever sent it."""

    report_id: str
    detail: str = "This report was taken in before. Its code and PIN are for whoever sent it first."
    fix: str = "Send the Ascolto-Sender of the first send. If there was none, or it is lost, ask at the listening point."


class Standing(BaseModel):
    """Where a report stands; what is not known yet is left out."""

    tracking_code: str
    status: str
    category: str
    registered_at: AwareDatetime
    updated_at: AwareDatetime
    route: str | None = None
    due_at: AwareDatetime | None = None
    outcome: str | None = None


class Withdrawal(Asked):
    """Why the report is taken back."""

    reason: Reason


_RESENT = {
    "model": Accepted | Known,
    "description": "Sent before: the same answer for the same sender, and no code or PIN for anybody else.",
}


def caller(request: Request, sender: Sender = None) -> Caller:
    """Who sends a PIN."""
    return Caller(network_of(request), sender)


Asking = Annotated[Caller, Depends(caller)]


def router(context: ServiceContext, desk: Desk) -> APIRouter:
    """The routes of the JSON API."""
    api = APIRouter(prefix="/v1", tags=["public"], dependencies=[Depends(context.require("public"))])
    _serve_reports(api, desk)
    _serve_registers(api, desk)
    return api


def _serve_reports(api: APIRouter, desk: Desk) -> None:
    @api.post("/reports", status_code=201, responses={200: _RESENT, 201: {"model": Accepted}})
    async def make_report(asked: NewReport, response: Response, sender: Sender = None) -> Accepted | Known:
        """Take a report in: 201, or 200 when it was sent before, with the same answer for the same sender."""
        slip = await desk.accept(asked.draft(), _report_id(asked.report_id) or desk.new_id(), sender)
        response.status_code = 200 if slip.known else 201
        response.headers["Cache-Control"] = "no-store"
        if slip.receipt is None:
            return Known(report_id=slip.report_id)
        accepted = _accepted(slip.report_id, slip.receipt)
        response.headers["Location"] = accepted.status_url
        return accepted

    @api.get("/status/{tracking_code}", response_model_exclude_none=True)
    async def show_status(tracking_code: str, pin: Pin, http_client: Asking, response: Response) -> Standing:
        """Where a report stands; a wrong PIN and an unknown code are 404 alike, too many of them 429."""
        response.headers["Cache-Control"] = "no-store"
        return _standing(await desk.find(tracking_code, pin, http_client))

    @api.post("/reports/{tracking_code}/withdrawal")
    async def withdraw(
        tracking_code: str, asked: Withdrawal, pin: Pin, http_client: Asking
    ) -> dict[str, object]:
        """Take a report back; again is the same, a closed one is 409, too many wrong PINs are 429."""
        report = await desk.find(tracking_code, pin, http_client)
        return dict(await desk.withdraw(report, asked.reason))


def _serve_registers(api: APIRouter, desk: Desk) -> None:
    @api.get("/categories")
    async def list_categories(response: Response) -> dict[str, object]:
        """What a report can be about."""
        register = await desk.register("categories")
        response.headers["Cache-Control"] = "public, max-age=60"
        return {"version": register.version, "categories": register.categories}

    @api.get("/places")
    async def list_places(response: Response) -> dict[str, object]:
        """Where a report can be about; `id` is what a report has as `place_id`."""
        register = await desk.register("places")
        response.headers["Cache-Control"] = "public, max-age=60"
        return {"version": register.version, "places": register.places}


def _report_id(asked: UUID | None) -> str | None:
    """The client's id; raises Refused for a version that cannot be one."""
    if asked is not None and asked.version not in (5, 7):
        raise Refused(
            "unfit-report-id",
            "The id is no UUID of version 7 or 5.",
            status=422,
            field="report_id",
            fix="Make a UUIDv7 (RFC 9562), or leave the id out.",
        )
    return None if asked is None else str(asked)


def _accepted(report_id: str, receipt: Receipt) -> Accepted:
    return Accepted(
        report_id=report_id,
        tracking_code=receipt.tracking_code,
        pin=receipt.pin,
        status_url=f"/v1/status/{receipt.tracking_code}",
    )


def _standing(report: Report) -> Standing:
    return Standing(
        tracking_code=report.tracking_code,
        status=report.status,
        category=report.category,
        registered_at=report.registered_at,
        updated_at=report.updated_at,
        route=report.route,
        due_at=report.due_at,
        outcome=report.outcome,
    )
