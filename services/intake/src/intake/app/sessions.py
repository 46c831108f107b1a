"""Hold a listening session: start it, say who is talking, take down problems one after the other, end it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import Answer, ServiceContext
from intake.app.households import CHANNEL, Households
from intake.app.readings import Reader
from intake.app.registers import Registers
from intake.app.submit import JudgedDraft, Submission, Submissions
from intake.app.talks import NOTHING_SAID, Household, Talk, Talks
from intake.domain.draft_rules import Fault, IsAddress, household_faults, text_faults
from intake.domain.drafts import Draft, normalized_text, tidy, tidy_text
from intake.domain.questions import Answers
from intake.domain.reports import Report
from intake.domain.sessions import FollowUpKind, Session
from intake.handlers.agree_follow_up import AgreeFollowUp, DropFollowUp
from intake.handlers.describe_household import DescribeHousehold, WriteNotes
from intake.handlers.end_session import AbandonSession, EndSession
from intake.handlers.open_session import own_session
from intake.handlers.register_report import refusal
from intake.handlers.start_session import StartSession
from intake.handlers.take_report import TakenIn
from intake.queries.reports import reports_with_contents
from intake.queries.sessions import ended_since, open_sessions, session_of


@dataclass(frozen=True)
class SessionView:
    """A session of this operator, what was said in it, and its reports in the order in which they were taken down."""

    session: Session
    talk: Talk | None
    reports: Sequence[Report]


@dataclass(frozen=True)
class Problem:
    """One problem of a talk: a report without what its household shares; `place_id` when it is elsewhere."""

    category: str
    description: str
    place_id: str = ""
    answers: Answers | None = None


@dataclass(frozen=True)
class Appointment:
    """A follow-up to agree on; `words` are what else was agreed."""

    id: str
    at: datetime
    what: FollowUpKind
    place_id: str | None = None
    words: str = ""


class Sessions:
    """Holds the sessions of operators; each sees and changes only their own, and may have several open."""

    def __init__(
        self,
        context: ServiceContext,
        registers: Registers,
        talks: Talks,
        submissions: Submissions,
        households: Households,
        is_address: IsAddress,
    ) -> None:
        self._context, self._registers, self._talks = context, registers, talks
        self._submissions, self._households, self._is_address = submissions, households, is_address

    async def start(
        self,
        session_id: str,
        reader: Reader,
        started_at: datetime | None = None,
        sent_at: datetime | None = None,
    ) -> bool:
        """Start a session and return whether it was started before; raises Refused (422)."""
        sealed = self._talks.new(session_id)
        command = StartSession(session_id, reader.subject, sealed, started_at, sent_at)
        answer = await self._run(command, f"session:{session_id}", session_id)
        if (await self._session(session_id)).operator != reader.subject:
            raise Refused("id-reused", "Another session has this id.", 422, "session_id", "Send a new id.")
        return answer.again or bool(answer.body["known"])

    async def open_of(self, reader: Reader) -> Sequence[Session]:
        """The sessions that this operator can take up again, the latest first."""
        return await open_sessions(self._context, reader.subject)

    async def ended_of(self, reader: Reader, since: datetime) -> Sequence[Session]:
        """The sessions of this operator that began since then and have ended, the latest first."""
        return await ended_since(self._context, reader.subject, since)

    async def read(self, session_id: str, reader: Reader) -> SessionView:
        """A session with what was said in it; raises Refused (404 or 403)."""
        session = own_session(await session_of(self._context, session_id), reader.subject)
        ids = [one.report_id for one in session.reports]
        found = await reports_with_contents(self._context, ids) if ids else {}
        reports = [found[one].report for one in ids if one in found]
        return SessionView(session, await self._talks.read(session_id), reports)

    async def faults(self, household: Household) -> Sequence[Fault]:
        """All faults of a household."""
        draft, places = tidy(_draft_of(household)), await self._registers.places()
        return household_faults(draft, places, self._context.clock(), self._is_address)

    def tidied(self, household: Household) -> Household:
        """The household without control characters and surrounding spaces; empty fields become None."""
        draft = tidy(_draft_of(household))
        return replace(
            household,
            contact=draft.contact,
            place_id=draft.place_id or None,
            language=draft.language,
            flat=draft.flat,
        )

    async def describe(self, session_id: str, reader: Reader, household: Household) -> None:
        """Write the household of a session, in place of what was there; raises Refused with the first fault."""
        if found := await self.faults(household):
            raise refusal(found[0])
        known = self.tidied(household)
        sealed = await self._talks.with_household(session_id, known)
        command = DescribeHousehold(session_id, reader.subject, known.place_id, known.language, sealed)
        await self._run(command, self._once("household"), session_id)

    async def take_household_of(self, session_id: str, reader: Reader, report_id: str) -> None:
        """Write the household of an earlier report; the audit has a line of its reading. Raises Refused."""
        own_session(await session_of(self._context, session_id), reader.subject)
        draft = await self._households.prefill(report_id, reader)
        household = Household(draft.contact, draft.frail, draft.place_id, draft.language, draft.flat)
        await self.describe(session_id, reader, household)

    async def write_notes(self, session_id: str, reader: Reader, notes: str) -> None:
        """Write the notes of a session, in place of what was there; raises Refused (422 for a text that cannot be stored)."""
        text = tidy_text(notes)
        if text and (found := text_faults(normalized_text(text), "notes")):
            raise refusal(found[0])
        sealed = await self._talks.with_notes(session_id, text)
        await self._run(WriteNotes(session_id, reader.subject, sealed), self._once("notes"), session_id)

    async def judge(self, view: SessionView, problem: Problem) -> JudgedDraft:
        """A problem as a report of the session's household, heard when the talk began, with all its faults."""
        session, talk = view.session, view.talk or NOTHING_SAID
        return await self._submissions.judge(
            Draft(
                problem.category,
                problem.place_id or session.place_id or "",
                problem.description,
                session.language,
                CHANNEL,
                heard_at=session.started_at,
                contact=talk.contact,
                frail=talk.frail,
                flat=talk.flat if problem.place_id in ("", session.place_id) else None,
                answers=problem.answers,
            )
        )

    async def take(self, session_id: str, reader: Reader, report_id: str, judged: JudgedDraft) -> Submission:
        """Register a problem at once under this id; raises Refused with the first fault, and as TakeReport does.

        Whoever holds the session counts as the sender, and gets code and PIN again.
        """
        taken_in = TakenIn(session_id, reader.subject)
        # Nobody can claim to be this sender: the header for it has no slash.
        sender = f"session/{session_id}/{reader.subject}"
        return await self._submissions.accept(judged, report_id, sender, taken_in)

    async def agree(self, session_id: str, reader: Reader, appointment: Appointment) -> None:
        """Write an appointment, in place of the one with its id; raises Refused."""
        words = tidy_text(appointment.words)
        if words and (found := text_faults(normalized_text(words), "words")):
            raise refusal(found[0])
        if appointment.place_id is not None:
            places = await self._registers.places()
            if places.place(appointment.place_id) is None:
                fix = "Use an id from GET /v1/places, or leave it out."
                raise Refused("unknown-place", "There is no such place.", 422, "place_id", fix)
        sealed = await self._talks.with_words(session_id, appointment.id, words)
        command = AgreeFollowUp(
            session_id,
            reader.subject,
            appointment.id,
            appointment.at,
            appointment.what,
            appointment.place_id,
            sealed,
        )
        await self._run(command, self._once("follow-up"), session_id)

    async def drop(self, session_id: str, reader: Reader, follow_up_id: str) -> None:
        """Take an appointment out; raises Refused."""
        command = DropFollowUp(session_id, reader.subject, follow_up_id)
        await self._run(command, self._once("follow-up"), session_id)

    async def end(self, session_id: str, reader: Reader, ended_at: datetime | None = None) -> bool:
        """End a session and return whether it had ended before; raises Refused."""
        command = EndSession(session_id, reader.subject, ended_at)
        answer = await self._run(command, self._once("end"), session_id)
        return bool(answer.body["known"])

    async def abandon(self, session_id: str, reader: Reader) -> bool:
        """Drop a session from which nothing came and return whether it was dropped before; raises Refused."""
        answer = await self._run(
            AbandonSession(session_id, reader.subject), self._once("abandon"), session_id
        )
        return bool(answer.body["known"])

    async def _session(self, session_id: str) -> Session:
        found = await session_of(self._context, session_id)
        if found is None:
            raise Refused("no-such-session", "There is no session with this id.", 404)
        return found

    async def _run(self, command: Any, id: str, session_id: str) -> Answer:  # noqa: A002
        return await self._context.run(command, id=id, key=session_id, correlation=session_id)

    def _once(self, what: str) -> str:
        """The id of a command that replaces what was there: sent again it has the same effect under another id."""
        return f"session-{what}:{uuid7(self._context.clock())}"


def _draft_of(household: Household) -> Draft:
    return Draft(
        "",
        household.place_id or "",
        "",
        household.language,
        contact=household.contact,
        frail=household.frail,
        flat=household.flat,
    )
