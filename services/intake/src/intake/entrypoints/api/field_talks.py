"""The listening sessions of the operators' app: sent whole and again, late when there was no network; and known households."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from chassis.fields import Instant
from intake.app.contents import FullReport
from intake.app.field_talks import FieldTalk
from intake.app.sessions import Appointment
from intake.app.talks import Household
from intake.app.use_cases import UseCases
from intake.domain.drafts import Contact
from intake.entrypoints.api.new_report import NewContact
from intake.entrypoints.api.request_body import Body
from intake.entrypoints.api.sessions import NewFollowUp, NewHousehold, SessionEnd
from intake.entrypoints.api.v1 import client_id
from intake.entrypoints.pages.desk_layout import reader_of
from webkit.guards import ScriptGuard
from webkit.login import Visitor
from webkit.site import Site


class NewFieldTalk(Body):
    """A talk with its household, which replaces what was there."""

    started_at: Instant
    sent_at: Instant
    household: NewHousehold = Field(default_factory=NewHousehold)
    notes: str = ""

    def talk(self) -> FieldTalk:
        """The talk of the use case."""
        given = self.household.contact or NewContact()
        contact = Contact(given.name, given.email, given.phone)
        one = self.household
        household = Household(contact, one.frailty, one.place_id, one.language, one.flat)
        return FieldTalk(self.started_at, self.sent_at, household, self.notes)


class Sought(Body):
    """What somebody says of themselves; sent in a body, so that no log has it."""

    text: str = Field(min_length=1, max_length=200)


class KnownHousehold(BaseModel):
    """An earlier report with what it says of its household."""

    report_id: str
    category: str
    place: str
    heard_at: AwareDatetime
    household: NewHousehold


def serve_households(api: APIRouter, cases: UseCases, guard: ScriptGuard, site: Site) -> None:
    """Add the look-up of households, which needs a network."""

    @api.post("/households")
    async def find(
        request: Request, body: Sought, visitor: Annotated[Visitor, Depends(guard)]
    ) -> list[KnownHousehold]:
        """The reports with this code, name, phone or address; the audit has a line for each."""
        categories, places = await cases.registers.categories(), await cases.registers.places()
        words = await cases.registers.words(site.language(request).code)
        found = []
        for one in await cases.lookups.find(body.text, reader_of(visitor)):
            category, place = categories.category(one.report.category), places.place(one.report.place_id)
            found.append(
                KnownHousehold(
                    report_id=one.report.report_id,
                    category=words.category(category) if category else one.report.category,
                    place=f"{place.label}, {place.neighbourhood_label}" if place else "",
                    heard_at=one.report.heard_at,
                    household=_household(one),
                )
            )
        return found


def _household(one: FullReport) -> NewHousehold:
    content = one.content
    contact = content.contact if content else Contact()
    return NewHousehold(
        contact=NewContact(name=contact.name, email=contact.email, phone=contact.phone),
        place_id=one.report.place_id,
        language=one.report.language,
        frailty=content is not None and content.frail,
        flat=content.flat if content else None,
    )


def serve_talks(api: APIRouter, cases: UseCases, guard: ScriptGuard) -> None:
    """Add the routes of talks, for operators and their own talks."""
    operator = Depends(guard)

    @api.put("/talks/{session_id}")
    async def keep(
        session_id: UUID, body: NewFieldTalk, response: Response, visitor: Annotated[Visitor, operator]
    ) -> dict[str, object]:
        """Start a talk and say who is talking: 201, or 200 when it was started before; names what was left out."""
        wanted = client_id(session_id, "session_id")
        known, left_out = await cases.field_talks.keep(wanted, body.talk(), reader_of(visitor))
        response.status_code = 200 if known else 201
        return {"session_id": wanted, "left_out": left_out}

    @api.put("/talks/{session_id}/follow-ups/{follow_up_id}")
    async def agree(
        session_id: UUID, follow_up_id: UUID, body: NewFollowUp, visitor: Annotated[Visitor, operator]
    ) -> dict[str, str]:
        """Agree on an appointment, or change it."""
        agreed = Appointment(str(follow_up_id), body.at, body.what, body.place_id, body.words)
        await cases.sessions.agree(str(session_id), reader_of(visitor), agreed)
        return {"follow_up_id": str(follow_up_id)}

    @api.post("/talks/{session_id}/end")
    async def end(
        session_id: UUID, body: SessionEnd, visitor: Annotated[Visitor, operator]
    ) -> dict[str, object]:
        """End a talk; one from which nothing came is dropped, and ending it again changes nothing."""
        await cases.field_talks.end(str(session_id), reader_of(visitor), body.ended_at)
        return {"session_id": str(session_id)}
