"""Reopen a closed report, for whoever has its code and PIN."""

from chassis.service import ServiceContext
from intake.app.entries import TEXT, ReportEntries
from intake.app.tracking_codes import TrackingCodes
from intake.domain.draft_rules import text_faults
from intake.domain.drafts import normalized_text, tidy_text
from intake.domain.entries import EntryKind
from intake.handlers.register_report import refusal
from intake.handlers.reopen_report import ReopenReport


class Reopenings:
    """Reopens reports; the reason is encrypted under the key of the report."""

    def __init__(self, context: ServiceContext, codes: TrackingCodes, entries: ReportEntries) -> None:
        self._context, self._codes, self._entries = context, codes, entries

    async def reopen(self, report_id: str, entry_id: str, text: str) -> bool:
        """Reopen a report and return whether this form had done it before.

        Raises Refused for an empty or too long text (422), for another text under a used id (422), for a report that cannot be
        reopened (409), for a missing report (404), and when its data were erased (410).
        """
        text = tidy_text(text)
        if found := text_faults(normalized_text(text), EntryKind.INFORMATION):
            raise refusal(found[0])
        fields = await self._entries.sealed(report_id, entry_id, {TEXT: normalized_text(text)})
        answer = await self._context.run(
            ReopenReport(report_id, entry_id, fields),
            id=f"reopening:{report_id}:{entry_id}",
            key=report_id,
            correlation=report_id,
            fingerprint=self._codes.text_fingerprint(EntryKind.REOPENING, text),
        )
        return answer.again or bool(answer.body["known"])
