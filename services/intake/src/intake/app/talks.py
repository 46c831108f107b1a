"""What is said in a session: stored encrypted under a key of the session."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chassis.errors import Refused
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext
from intake.domain.drafts import Contact, normalized_text
from intake.handlers.agree_follow_up import words_of
from intake.handlers.documents import TALKS


@dataclass(frozen=True)
class Household:
    """Who is talking: what the reports of a session share."""

    contact: Contact = field(default_factory=Contact)
    frail: bool = False
    place_id: str | None = None
    language: str = "it"
    flat: str | None = None


@dataclass(frozen=True)
class Talk:
    """What was written in a session: the contact, whether somebody frail lives there, the notes, and words by follow-up."""

    contact: Contact
    frail: bool
    notes: str
    words: Mapping[str, str]
    flat: str | None = None


NOTHING_SAID = Talk(Contact(), frail=False, notes="", words={})


class Talks:
    """Encrypts what is said in sessions, and reads it back."""

    def __init__(self, context: ServiceContext, sealer: Sealer) -> None:
        self._context, self._sealer = context, sealer

    def new(self, session_id: str) -> Sealed:
        """The key of a session, with nothing said yet."""
        return self._sealer.seal(session_id, {})

    async def with_household(self, session_id: str, household: Household) -> Sealed:
        """The encrypted contact of a household; raises Refused (404, 410)."""
        contact = household.contact
        given = {"name": contact.name, "email": contact.email, "phone": contact.phone}
        fields = {name: normalized_text(value or "") for name, value in given.items()}
        more = {"frail": "1" if household.frail else "", "flat": household.flat or ""}
        return await self._added(session_id, fields | more)

    async def with_notes(self, session_id: str, notes: str) -> Sealed:
        """The encrypted notes of a talk; raises Refused (404, 410)."""
        return await self._added(session_id, {"notes": normalized_text(notes)})

    async def with_words(self, session_id: str, follow_up_id: str, words: str) -> Sealed:
        """The encrypted words of an appointment; raises Refused (404, 410)."""
        return await self._added(session_id, {words_of(follow_up_id): normalized_text(words)})

    async def read(self, session_id: str) -> Talk | None:
        """What was said, or None when it was erased."""
        sealed = await self._context.load(TALKS, session_id)
        try:
            fields = self._sealer.open(sealed) if sealed is not None else {}
        except Erased:
            return None
        contact = Contact(*(fields.get(name) or None for name in ("name", "email", "phone")))
        words = {
            name.removeprefix(words_of("")): text
            for name, text in fields.items()
            if name.startswith(words_of(""))
        }
        return Talk(
            contact, bool(fields.get("frail")), fields.get("notes", ""), words, fields.get("flat") or None
        )

    async def _added(self, session_id: str, fields: Mapping[str, str]) -> Sealed:
        sealed = await self._context.load(TALKS, session_id)
        if sealed is None:
            raise Refused("no-such-session", "There is no session with this id.", 404)
        try:
            return self._sealer.add(sealed, fields)
        except Erased as erased:
            raise Refused("session-erased", "What was said in this session was erased.", 410) from erased
