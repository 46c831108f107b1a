"""Rate a closed report, for whoever has its code and PIN."""

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.entries import TEXT, ReportEntries
from intake.app.tracking_codes import TrackingCodes
from intake.domain.draft_rules import text_faults
from intake.domain.drafts import normalized_text, tidy_text
from intake.domain.entries import EntryKind
from intake.domain.ratings import SCORES, Closing
from intake.handlers.rate_report import RateReport
from intake.handlers.register_report import refusal


class Ratings:
    """Takes the scores of reports; the sentence is encrypted under the key of the report."""

    def __init__(self, context: ServiceContext, codes: TrackingCodes, entries: ReportEntries) -> None:
        self._context, self._codes, self._entries = context, codes, entries

    async def rate(self, report_id: str, entry_id: str, score: str, sentence: str) -> bool:
        """Rate a report from 1 to 5, or change that, and return whether this form had done it before.

        Raises Refused for a missing or wrong score and for a too long sentence (422), for other words under a used id (422), for a
        report that cannot be rated (409), for a missing report (404), and when its data were erased (410).
        """
        if score not in {str(one) for one in SCORES}:
            raise Refused("score-missing", "The score is a number from 1 to 5.", status=422, field="score")
        text = normalized_text(tidy_text(sentence))
        if text and (found := text_faults(text, "sentence")):
            raise refusal(found[0])
        fields = await self._entries.sealed(report_id, entry_id, {TEXT: text}) if text else {}
        answer = await self._context.run(
            RateReport(report_id, entry_id, int(score), fields),
            id=f"rating:{report_id}:{entry_id}",
            key=report_id,
            correlation=report_id,
            fingerprint=self._codes.text_fingerprint(EntryKind.RATING, score, text),
        )
        return answer.again

    async def sentence(self, report_id: str, closing: Closing) -> str:
        """What the reporter wrote about this closing, or nothing."""
        written = await self._entries.read(report_id, EntryKind.RATING)
        texts = [one.text for one in written if one.at >= closing.at]
        return (texts[-1] or "") if texts else ""
