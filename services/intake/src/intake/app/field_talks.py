"""Keep the talks of operators' phones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from intake.app.readings import Reader
from intake.app.sessions import Sessions
from intake.app.talks import NOTHING_SAID, Household


@dataclass(frozen=True)
class FieldTalk:
    """A talk as a phone sends it: what its clock showed at the beginning and at sending, who talks, and the notes."""

    started_at: datetime
    sent_at: datetime
    household: Household
    notes: str = ""


class FieldTalks:
    """Starts, describes and ends the talks of phones; what cannot be kept is left out and named, and the rest is kept."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def keep(self, session_id: str, talk: FieldTalk, reader: Reader) -> tuple[bool, Sequence[str]]:
        """Start a talk and describe its household; returns whether it was known, and the fields that were left out.

        A talk that is over stays as it is. Raises Refused for a time that cannot be its beginning, and for another operator's.
        """
        known = await self._sessions.start(session_id, reader, talk.started_at, talk.sent_at)
        session = (await self._sessions.read(session_id, reader)).session
        if not session.is_open:
            return known, ("talk",)
        found = [one.field for one in await self._sessions.faults(talk.household)]
        await self._sessions.describe(session_id, reader, _without(talk.household, found))
        if talk.notes:
            await self._sessions.write_notes(session_id, reader, talk.notes)
        return known, found

    async def end(self, session_id: str, reader: Reader, ended_at: datetime | None) -> None:
        """End a talk; one without reports, appointments and notes is dropped. Raises Refused for another operator's."""
        view = await self._sessions.read(session_id, reader)
        if not view.session.is_open:
            return
        if view.session.reports or view.session.follow_ups or (view.talk or NOTHING_SAID).notes:
            await self._sessions.end(session_id, reader, ended_at)
        else:
            await self._sessions.abandon(session_id, reader)


def _without(household: Household, fields: Sequence[str]) -> Household:
    """The household without the parts that cannot be kept; its reports say what they need themselves."""
    contact = household.contact
    for name in ("name", "email", "phone"):
        if f"contact.{name}" in fields:
            contact = replace(contact, **{name: None})
    kept = replace(household, contact=contact)
    if "place_id" in fields:
        kept = replace(kept, place_id=None, flat=None)
    if "flat" in fields:
        kept = replace(kept, flat=None)
    return replace(kept, language="it") if "language" in fields else kept
