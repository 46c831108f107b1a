"""Register what an operator took down on a phone, which may have had no network for days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.duplicates import Candidate, Duplicates
from intake.app.photos import ReportPhotos
from intake.app.readings import Reader, Readings
from intake.app.submit import DeviceTime, JudgedDraft, Receipt, Submissions
from intake.app.waiting import Heard, Waiting
from intake.domain.drafts import Draft
from intake.domain.reports import ENDED
from intake.domain.sessions import MOST_REPORTS, hearing_time
from intake.domain.waiting import WaitingItem, WaitingSource, WaitingState
from intake.handlers.take_report import TakenIn
from intake.queries.reports import report_of, status_of
from intake.queries.sessions import session_of

IMPOSSIBLE_TIME = "captured-at"


class Fate(StrEnum):
    """What became of a report."""

    REGISTERED = "registered"
    WAITING = "waiting"
    DISCARDED = "discarded"


_FATES = {
    WaitingState.WAITING: Fate.WAITING,
    WaitingState.SETTLED: Fate.REGISTERED,
    WaitingState.DISCARDED: Fate.DISCARDED,
}


@dataclass(frozen=True)
class FieldReport:
    """A report as a phone sends it: the draft, what its clock showed when it was heard and when it is sent, and the talk.

    `joins` is the report about the same problem that the operator chose, and `compared` says that they saw those that there were.
    `left_out` are the codes of why photos could not be taken on the phone.
    """

    draft: Draft
    captured_at: datetime
    sent_at: datetime
    session_id: str | None = None
    joins: str | None = None
    compared: bool = False
    left_out: Sequence[str] = ()


@dataclass(frozen=True)
class Arrival:
    """What became of a report, whether it had arrived before, and why it waits; `receipt` is for whoever sent it first.

    `similar` are reports that may be about the same problem, when the operator has not seen any yet.
    """

    fate: Fate
    known: bool
    receipt: Receipt | None = None
    reasons: Sequence[str] = ()
    similar: Sequence[Candidate] = ()


class FieldReports:
    """Takes the reports of operators' phones: what cannot become a report waits for the desk, and nothing is lost."""

    def __init__(
        self,
        context: ServiceContext,
        submissions: Submissions,
        waiting: Waiting,
        readings: Readings,
        duplicates: Duplicates,
        photos: ReportPhotos,
    ) -> None:
        self._context, self._submissions = context, submissions
        self._waiting, self._readings = waiting, readings
        self._duplicates, self._photos = duplicates, photos

    async def submit(self, report_id: str, sent: FieldReport, reader: Reader) -> Arrival:
        """Take a report under the phone's id; the same report again changes nothing, whatever the phone's clock shows then.

        The difference of the clocks corrects when it was heard. A report with a fault waits, and so does one that was heard at a
        time that cannot be. A talk that is over does not keep its reports out, and neither does an ended report that it was to join.
        Raises Refused (422) for the id of another report.
        """
        arrival = await self._take(report_id, sent, reader)
        left_out = [(f"phone/{number}", reason) for number, reason in enumerate(sent.left_out)]
        await self._photos.leave_out(report_id, left_out)
        return arrival

    async def _take(self, report_id: str, sent: FieldReport, reader: Reader) -> Arrival:
        if (item := await self._waiting.find(report_id)) is not None:
            return await self._of_item(item, reader)
        now = self._context.clock()
        heard = hearing_time(sent.captured_at, sent.sent_at, now)
        judged = await self._submissions.judge(replace(sent.draft, heard_at=heard.at if heard else now))
        found = [] if heard else [IMPOSSIBLE_TIME]
        reasons = tuple(dict.fromkeys([*found, *(one.slug for one in judged.faults)]))
        skew = heard.skew // timedelta(milliseconds=1) if heard else 0
        if reasons and await status_of(self._context, report_id) is None:
            return await self._keep(report_id, sent, reader, reasons, judged, skew)
        return await self._register(report_id, sent, reader, judged, skew)

    async def admit(self, report_id: str, reader: Reader) -> None:
        """Raises Refused unless this person may add to the report, or to what waits to become it (404, 403 or 422)."""
        item = await self._waiting.find(report_id)
        if item is None:
            await self._readings.admit(report_id, reader)
        else:
            await self._of_item(item, reader)

    async def leave_out_photo(self, report_id: str, sha256: str, reason: str, reader: Reader) -> None:
        """Record why a photo of this person's report was refused; raises Refused as `admit` does."""
        await self.admit(report_id, reader)
        await self._photos.leave_out(report_id, [(sha256, reason)])

    async def _register(
        self, report_id: str, sent: FieldReport, reader: Reader, judged: JudgedDraft, skew_ms: int
    ) -> Arrival:
        taken_in = await self._taken_in(sent.session_id, reader)
        heard = DeviceTime(sent.captured_at, skew_ms)
        joins = await self._duplicates.joinable(sent.joins, report_id) if sent.joins else None
        found = await self._submissions.accept(
            judged, report_id, _sender(report_id, reader), taken_in, joins, heard, sent.joins
        )
        similar = () if sent.joins or sent.compared else await self._similar(report_id)
        return Arrival(Fate.REGISTERED, found.known, found.receipt, similar=similar)

    async def _similar(self, report_id: str) -> Sequence[Candidate]:
        report = await report_of(self._context, report_id)
        is_new = report is not None and report.merged_into is None and report.status not in ENDED
        return await self._duplicates.of_report(report) if report and is_new else ()

    async def _keep(
        self,
        report_id: str,
        sent: FieldReport,
        reader: Reader,
        reasons: Sequence[str],
        judged: JudgedDraft,
        skew_ms: int,
    ) -> Arrival:
        captured_at = judged.draft.heard_at or self._context.clock()
        heard = Heard(
            report_id,
            WaitingSource.PHONE,
            reasons,
            replace(sent.draft, heard_at=sent.captured_at),
            captured_at,
            operator=reader.subject,
            session_id=sent.session_id,
            sender=_sender(report_id, reader),
            skew_ms=skew_ms,
        )
        kept = await self._waiting.keep(heard)
        return Arrival(_FATES[kept.state], kept.known, reasons=reasons)

    async def _of_item(self, item: WaitingItem, reader: Reader) -> Arrival:
        if item.operator != reader.subject:
            raise Refused(
                "id-reused", "Another report was made with this id.", 422, "report_id", "Send a new id."
            )
        receipt = await self._submissions.receipt(item.id, _sender(item.id, reader))
        return Arrival(_FATES[item.state], True, receipt, item.reasons)

    async def _taken_in(self, session_id: str | None, reader: Reader) -> TakenIn | None:
        session = await session_of(self._context, session_id) if session_id else None
        if session is None or not session.is_open or session.operator != reader.subject:
            return None
        return TakenIn(session.session_id, reader.subject) if len(session.reports) < MOST_REPORTS else None


def _sender(report_id: str, reader: Reader) -> str:
    """The sender of a phone's report: nobody can claim to be it, because the header for it has no slash."""
    return f"field/{report_id}/{reader.subject}"
