"""The bodies of the reports that the operators' app sends, and what it is told about them."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from chassis.fields import Instant
from intake.app.duplicates import Candidate
from intake.app.field_reports import Fate, FieldReport
from intake.app.registers import Registers
from intake.domain.drafts import Contact, Draft
from intake.domain.photos import MOST_LEFT_OUT
from intake.entrypoints.api.new_report import GivenAnswer, NewContact, read_answers
from intake.entrypoints.api.request_body import Body

CHANNEL = "operator"
# Why the app could not take a photo.
LeftOutReason = Literal["photo-unreadable", "photo-large", "photo-many", "photo-no-room"]


class NewFieldReport(Body):
    """A problem that was taken down on the phone.

    `session_id` is the talk that it comes from, if any, `joins` the report about the same problem that the operator chose,
    `compared` whether they saw those that there were, `photos_left_out` why photos could not be taken.
    """

    captured_at: Instant
    sent_at: Instant
    category: str
    place_id: str
    description: str
    flat: str | None = None
    language: str = "it"
    answers: dict[str, GivenAnswer] | None = None
    contact: NewContact | None = None
    frailty: bool = False
    session_id: UUID | None = None
    joins: UUID | None = None
    compared: bool = False
    photos_left_out: tuple[LeftOutReason, ...] = Field((), max_length=MOST_LEFT_OUT)

    def report(self) -> FieldReport:
        """The report of the use case."""
        given = self.contact or NewContact()
        draft = Draft(
            self.category,
            self.place_id,
            self.description,
            self.language,
            CHANNEL,
            contact=Contact(given.name, given.email, given.phone),
            frail=self.frailty,
            flat=self.flat,
            answers=None if self.answers is None else read_answers(self.answers),
        )
        session_id = str(self.session_id) if self.session_id else None
        joins = str(self.joins) if self.joins else None
        left_out = self.photos_left_out
        return FieldReport(draft, self.captured_at, self.sent_at, session_id, joins, self.compared, left_out)


class SimilarReport(BaseModel):
    """An open report that may be about the same problem, without what anybody wrote."""

    report_id: str
    category: str
    place_id: str
    place: str
    status: str
    registered_at: AwareDatetime
    voices: int


class Arrived(BaseModel):
    """What became of a report: registered under a code, waiting at the desk for these reasons, or discarded there."""

    report_id: str
    outcome: Fate
    tracking_code: str | None = None
    pin: str | None = None
    reasons: tuple[str, ...] = Field(())
    similar: list[SimilarReport] = Field(default_factory=list)


class SameProblem(Body):
    """The report that another one is about the same problem as; a retry with the same id changes nothing."""

    command_id: UUID
    main_id: UUID


async def similar_reports(
    registers: Registers, language: str, found: Sequence[Candidate]
) -> list[SimilarReport]:
    """The candidates with the labels of their categories and places."""
    categories, places = await registers.categories(), await registers.places()
    words, told = await registers.words(language), []
    for report in (one.report for one in found):
        category, place = categories.category(report.category), places.place(report.place_id)
        told.append(
            SimilarReport(
                report_id=report.report_id,
                category=words.category(category) if category else report.category,
                place_id=report.place_id,
                place=place.label if place else report.place_id,
                status=report.status,
                registered_at=report.registered_at,
                voices=report.voices,
            )
        )
    return told
