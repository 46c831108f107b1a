"""The listening sessions of the operators' app: sent whole and again, and late when they were held without a network."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from chassis.fields import Instant
from intake.app.field_talks import FieldTalk
from intake.app.sessions import Appointment
from intake.app.talks import Household
from intake.app.use_cases import UseCases
from intake.domain.drafts import Contact
from intake.entrypoints.api.request_body import Body
from intake.entrypoints.api.sessions import NewFollowUp, NewHousehold, SessionEnd
from intake.entrypoints.api.v1 import NewContact, client_id
from intake.entrypoints.pages.desk_layout import reader_of
from webkit.guards import ScriptGuard
from webkit.login import Visitor


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
