"""A new report that staff make, for the household of another report or for somebody at the listening point."""

from intake.app.new_pin import Receipts
from intake.app.readings import Reader, Readings
from intake.app.submit import JudgedDraft, Submission, Submissions
from intake.domain.drafts import Contact, Draft
from intake.domain.readers import Part

CHANNEL = "operator"


class Households:
    """Makes reports for households."""

    def __init__(self, readings: Readings, submissions: Submissions, receipts: Receipts) -> None:
        self._readings, self._submissions, self._receipts = readings, submissions, receipts

    async def prefill(self, report_id: str, reader: Reader) -> Draft:
        """A draft with what a report says about its household; the audit has a line of its reading.

        Raises Refused (404 or 403), and Unavailable when the audit cannot be written.
        """
        full = await self._readings.read(report_id, reader, Part.CONTACT)
        report, content = full.report, full.content
        contact = content.contact if content else Contact()
        frail = content is not None and content.frail
        flat = content.flat if content else None
        return Draft("", report.place_id, "", report.language, CHANNEL, None, contact, frail, flat)

    async def register(self, judged: JudgedDraft, report_id: str, reader: Reader, session: str) -> Submission:
        """Register the draft under this id, and permit its maker to see the receipt; raises Refused with the first fault."""
        submitted = await self._submissions.accept(judged, report_id, session)
        if submitted.receipt is not None:
            await self._receipts.permit(report_id, reader)
        return submitted
