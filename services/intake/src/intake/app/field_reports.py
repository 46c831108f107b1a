"""Register what an operator took down on a phone, which may have had no network for days."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.readings import Reader
from intake.app.submit import DeviceTime, JudgedDraft, Submission, Submissions, TakenIn
from intake.domain.drafts import Draft
from intake.domain.sessions import MOST_REPORTS, hearing_time
from intake.queries.sessions import session_of


@dataclass(frozen=True)
class FieldReport:
    """A report as a phone sends it: the draft, what its clock showed when it was heard and when it is sent, and the talk."""

    draft: Draft
    captured_at: datetime
    sent_at: datetime
    session_id: str | None = None


class FieldReports:
    """Registers the reports of operators' phones."""

    def __init__(self, context: ServiceContext, submissions: Submissions) -> None:
        self._context, self._submissions = context, submissions

    async def submit(self, report_id: str, sent: FieldReport, reader: Reader) -> Submission:
        """Register a report under the phone's id; the same report again changes nothing, whatever the phone's clock shows then.

        The difference of the clocks corrects when it was heard. A talk that is over does not keep its reports out. Raises Refused
        with the first fault, and for the id of another report.
        """
        heard = hearing_time(sent.captured_at, sent.sent_at, self._context.clock())
        if heard is None:
            raise _impossible_time()
        judged = await self._submissions.judge(replace(sent.draft, heard_at=heard.at))
        shown = DeviceTime(sent.captured_at, heard.skew // timedelta(milliseconds=1))
        return await self._accept(report_id, judged, shown, sent.session_id, reader)

    async def _accept(
        self, report_id: str, judged: JudgedDraft, heard: DeviceTime, session_id: str | None, reader: Reader
    ) -> Submission:
        # Nobody can claim to be this sender: the header for it has no slash.
        sender = f"field/{report_id}/{reader.subject}"
        taken_in = await self._taken_in(session_id, reader)
        return await self._submissions.accept(judged, report_id, sender, taken_in, heard=heard)

    async def _taken_in(self, session_id: str | None, reader: Reader) -> TakenIn | None:
        session = await session_of(self._context, session_id) if session_id else None
        if session is None or not session.is_open or session.operator != reader.subject:
            return None
        return TakenIn(session.session_id, reader.subject) if len(session.reports) < MOST_REPORTS else None


def _impossible_time() -> Refused:
    return Refused(
        "captured-at",
        "It was heard after it is sent, or more than 30 days ago.",
        422,
        "captured_at",
        "Check the clock of the phone.",
    )
