"""Review, publish and take back the public text of a report, and read what is public."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chassis.errors import Refused
from chassis.sealing import Erased, Sealer
from chassis.service import ServiceContext
from intake.app.readings import Dossier, Reader, Readings
from intake.app.registers import Registers
from intake.app.tracking_codes import TrackingCodes
from intake.domain.draft_rules import text_faults
from intake.domain.drafts import Contact, normalized_text, tidy_text
from intake.domain.photos import Photo
from intake.domain.publications import Publication, personal_data_faults
from intake.domain.readers import Part
from intake.domain.reports import Report, Status
from intake.handlers.documents import PRIVATE
from intake.handlers.publish_text import PublishText, TakeBackText
from intake.handlers.register_report import refusal
from intake.queries.public_reports import PublicRow, Selection, public_rows, selected_reports

TEXT = "text"
RECENT = timedelta(days=90)
MOST_RECENT = 200
_SEALED_AS = "public/text"


@dataclass(frozen=True)
class ReviewedReport:
    """What a reviewer sees: the whole report, its publication, or None, and the present public text, or None."""

    dossier: Dossier
    publication: Publication | None
    text: str | None


@dataclass(frozen=True)
class PublicReport:
    """A report that everybody may see, with its reviewed photos; `text` is None while no reviewed text is public."""

    report: Report
    text: str | None
    photos: tuple[Photo, ...] = ()


class Publications:
    """The public texts of reports; a text is encrypted under the report's key and is erased with it."""

    def __init__(
        self,
        context: ServiceContext,
        readings: Readings,
        registers: Registers,
        codes: TrackingCodes,
        sealer: Sealer,
    ) -> None:
        self._context, self._readings, self._registers = context, readings, registers
        self._codes, self._sealer = codes, sealer

    async def review(self, report_id: str, reader: Reader) -> ReviewedReport:
        """The report beside its public text, after the audit has a line of who reads it; raises what Readings.open does."""
        dossier = await self._readings.open(report_id, reader, Part.FULL)
        [row] = await public_rows(self._context, [dossier.report])
        return ReviewedReport(dossier, row.publication, self._text(row))

    async def publish(self, report_id: str, reader: Reader, publication_id: str, text: str) -> bool:
        """Publish a text, and return whether this was done before.

        Raises Refused for an empty or too long text and for one with personal data (422), for a report that cannot be
        public (409), and as Readings.read does, because the text is compared with the reporter's contact.
        """
        written = normalized_text(tidy_text(text))
        full = await self._readings.read(report_id, reader, Part.CONTACT)
        contact = full.content.contact if full.content else Contact()
        if found := (*text_faults(written, TEXT), *personal_data_faults(written, contact)):
            raise refusal(found[0])
        answer = await self._context.run(
            PublishText(
                report_id, publication_id, reader.subject, {TEXT: await self._seal(report_id, written)}
            ),
            id=f"publish:{report_id}:{publication_id}",
            key=report_id,
            correlation=report_id,
            fingerprint=self._codes.text_fingerprint("public", reader.subject, written),
        )
        return answer.again or bool(answer.body["known"])

    async def take_back(self, report_id: str, reader: Reader, command_id: str) -> bool:
        """Take the public text back, and return whether there was none; raises Refused (404 or 403)."""
        await self._readings.admit(report_id, reader)
        answer = await self._context.run(
            TakeBackText(report_id, reader.subject),
            id=f"take-back:{report_id}:{command_id}",
            key=report_id,
            correlation=report_id,
        )
        return answer.again or bool(answer.body["known"])

    async def is_public(self, report: Report) -> bool:
        """Whether reports of this category may be public, so that a text can be published."""
        category = (await self._registers.categories()).category(report.category)
        return category is not None and category.is_public

    async def recent(self) -> Sequence[PublicRow]:
        """The reports of public categories of the last 90 days that are not withdrawn, the latest first, at most 200."""
        now = self._context.clock()
        codes = [one.code for one in (await self._registers.categories()).categories if one.is_public]
        statuses = [status for status in Status if status is not Status.WITHDRAWN]
        selection = Selection(codes, statuses, registered=(now - RECENT, now))
        return await public_rows(self._context, await selected_reports(self._context, selection, MOST_RECENT))

    async def public(self, reports: Sequence[Report]) -> Sequence[PublicReport]:
        """These reports with their public texts and photos, without those that were erased."""
        rows = await public_rows(self._context, reports)
        return [
            PublicReport(row.report, self._text(row), row.photos) for row in rows if row.sealed is not None
        ]

    async def _seal(self, report_id: str, text: str) -> bytes:
        sealed = await self._context.load(PRIVATE, report_id)
        if sealed is None:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        try:
            return self._sealer.add(sealed, {_SEALED_AS: text}).fields[_SEALED_AS]
        except Erased as erased:
            raise Refused("report-erased", "The data of the report were erased.", status=410) from erased

    def _text(self, row: PublicRow) -> str | None:
        publication = row.publication
        if row.sealed is None or publication is None or not publication.is_public:
            return None
        try:
            return self._sealer.open(replace(row.sealed, fields={_SEALED_AS: publication.fields[TEXT]}))[
                _SEALED_AS
            ]
        except Erased:
            return None
