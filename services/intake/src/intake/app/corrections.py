"""Correct a report at the desk, and read what was corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext
from intake.app.contents import Content, Contents, FullReport
from intake.app.readings import Reader, Readings
from intake.app.registers import Registers
from intake.app.submit import Submissions
from intake.app.tracking_codes import TrackingCodes
from intake.domain.corrections import Correction, CorrectionReason, Corrections, contribution_faults
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Draft, normalized, tidy
from intake.domain.readers import Part
from intake.domain.reports import Report
from intake.handlers.correct_report import CorrectReport
from intake.handlers.documents import CORRECTIONS, PRIVATE

# Faults that a report may have had since before: nobody has to mend what was accepted.
_OF_CATEGORY = frozenset({"closed-category"})
_OF_PLACE = frozenset({"place-closed"})
_NAME = "by-name"


@dataclass(frozen=True)
class NewCorrection:
    """A correction to make: `id` is made with the form, `seen` is the number of corrections when it was shown."""

    id: str
    seen: int
    draft: Draft
    reason: str


@dataclass(frozen=True)
class ReadableCorrection:
    """A correction with what was there before, by part, and the name of who made it; None when it was erased."""

    correction: Correction
    before: Mapping[str, str] | None
    name: str = ""


class Correcting:
    """Corrects reports; what was there before stays, encrypted under the key of the report."""

    def __init__(
        self,
        context: ServiceContext,
        contents: Contents,
        readings: Readings,
        registers: Registers,
        submissions: Submissions,
        codes: TrackingCodes,
        sealer: Sealer,
    ) -> None:
        self._context, self._contents, self._readings = context, contents, readings
        self._registers, self._submissions = registers, submissions
        self._codes, self._sealer = codes, sealer

    async def open(self, report_id: str, reader: Reader) -> tuple[FullReport, int]:
        """The report with its content and the number of its corrections; promises and raises what Readings.read does."""
        version = len((await self._stored(report_id)).corrections)
        return await self._readings.read(report_id, reader, Part.FULL), version

    async def faults(self, full: FullReport, draft: Draft) -> Sequence[Fault]:
        """The faults of a corrected draft, without those that the report had when it was accepted."""
        report, categories = full.report, await self._registers.categories()
        judged = await self._submissions.judge(_of(report, draft))
        excused = (_OF_CATEGORY if judged.draft.category == report.category else frozenset()) | (
            _OF_PLACE if judged.draft.place_id == report.place_id else frozenset()
        )
        before, after = categories.category(report.category), categories.category(judged.draft.category)
        return (
            *contribution_faults(before, after),
            *(one for one in judged.faults if one.slug not in excused),
        )

    async def correct(self, report_id: str, reader: Reader, new: NewCorrection) -> bool:
        """Correct a report and return whether this was done before.

        Raises Refused for no reason, no change or a fault (422), for what the handler refuses (404, 409, 410), and as
        Readings.read does.
        """
        full = await self._readings.read(report_id, reader, Part.CONTACT)
        stored = await self._context.load(PRIVATE, report_id)
        if full.content is None or stored is None:
            raise Refused("report-erased", "The data of the report were erased.", 410)
        if new.reason not in list(CorrectionReason):
            known = ", ".join(CorrectionReason)
            raise Refused("reason-missing", "The reason is missing.", 422, "reason", f"Use one of {known}.")
        draft = normalized(tidy(_of(full.report, new.draft)))
        changed = _changes(full.report, full.content, draft)
        if not changed and not (await self._stored(report_id)).has(new.id):
            raise Refused("nothing-changed", "The correction changes nothing.", 422)
        answers = draft.answers or ()
        before = {
            f"correction/{new.id}/{part}": text for part, text in (changed | {_NAME: reader.name}).items()
        }
        command = CorrectReport(
            report_id,
            new.id,
            reader.subject,
            CorrectionReason(new.reason),
            new.seen,
            tuple(changed),
            draft.category,
            draft.place_id,
            draft.frail,
            answers,
            not {"category", "answers", "frail"}.isdisjoint(changed),
            self._sealer.add(stored, before).fields,
            self._contents.seal_again(stored, draft),
        )
        answer = await self._context.run(
            command,
            id=f"correct:{report_id}:{new.id}",
            key=report_id,
            correlation=report_id,
            fingerprint=self._codes.fingerprint(draft),
        )
        return answer.again or bool(answer.body["known"])

    async def of(self, report_id: str) -> Sequence[ReadableCorrection]:
        """The corrections of a report, the latest first."""
        stored = await self._stored(report_id)
        if not stored.corrections:
            return []
        sealed = await self._context.load(PRIVATE, report_id)
        return [self._open(sealed, one) for one in reversed(stored.corrections)]

    async def _stored(self, report_id: str) -> Corrections:
        return await self._context.load(CORRECTIONS, report_id) or Corrections(report_id)

    def _open(self, sealed: Sealed | None, correction: Correction) -> ReadableCorrection:
        if sealed is None:
            return ReadableCorrection(correction, None)
        try:
            opened = self._sealer.open(replace(sealed, fields=correction.fields))
        except Erased:
            return ReadableCorrection(correction, None)
        parts = {name.rpartition("/")[2]: text for name, text in opened.items()}
        return ReadableCorrection(correction, parts, parts.pop(_NAME, ""))


def _of(report: Report, draft: Draft) -> Draft:
    """The draft with what nobody corrects: the language of the answers, and how and when the report was heard."""
    heard_at: datetime = report.heard_at
    return replace(draft, language=report.language, channel=report.channel, heard_at=heard_at)


def _changes(report: Report, content: Content, draft: Draft) -> dict[str, str]:
    """The parts that change, each with what it was; the codes of category and place are stored beside."""
    was = {
        "category": report.category,
        "place": report.place_id,
        "flat": content.flat or "",
        "text": content.text,
        "name": content.contact.name or "",
        "email": content.contact.email or "",
        "phone": content.contact.phone or "",
        "frail": "1" if content.frail else "0",
        "answers": repr(sorted((one.question, one.values) for one in content.answers)),
    }
    now = {
        "category": draft.category,
        "place": draft.place_id,
        "flat": draft.flat or "",
        "text": draft.description,
        "name": draft.contact.name or "",
        "email": draft.contact.email or "",
        "phone": draft.contact.phone or "",
        "frail": "1" if draft.frail else "0",
        "answers": repr(sorted((one.question, one.values) for one in draft.answers or ())),
    }
    return {part: text for part, text in was.items() if now[part] != text}
