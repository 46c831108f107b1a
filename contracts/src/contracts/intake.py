"""The events of intake: reports of tenants, and the listening sessions in which operators take them down."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.base import Code, Event, Id, Instant

Subject = Annotated[
    str,
    StringConstraints(pattern=r"^[!-~]{1,255}$"),
    Field(
        description="The id of a member of the staff at the OpenID provider (`sub`): compare it, never show it."
    ),
]


class IntakeReport(Event):
    """The base of the events of one report; the key is the report."""

    topic: ClassVar[str] = "intake.reports"
    key_field: ClassVar[str] = "report_id"

    report_id: Id


class ReportRegistered(IntakeReport):
    """A report has been accepted and will be looked after."""

    type_tag: ClassVar[str] = "report-registered.v1"

    category: Code = Field(description="What it is about, from the categories intake publishes.")
    kind: Code = Field(description="technical, administrative, social or contribution.")
    urgency: Code = Field(description="e1 (24 hours), u, n, a (procedure) or s (social follow-up).")
    place_id: Code = Field(description="The building, stair or neighbourhood it is about.")
    neighbourhood: Code
    province: Code
    channel: Code = Field(description="web, phone, operator, api or import.")
    language: Code = Field(description="Language the tenant wants to be written in (ISO 639-1).")
    heard_at: Instant = Field(description="When somebody of the agency or its system first heard it: day 0.")


class ReportAmended(IntakeReport):
    """Whoever made the report has added to it; what was added stays in intake."""

    type_tag: ClassVar[str] = "report-amended.v1"

    what: tuple[Code, ...] = Field(min_length=1, max_length=16, description="What was added: information.")


class ReportReopened(IntakeReport):
    """Whoever made the report says that it is not solved, within 30 days of its closing; what they wrote stays in intake."""

    type_tag: ClassVar[str] = "report-reopened.v1"

    closed_at: Instant = Field(description="When it had been closed.")


class ReportWithdrawn(IntakeReport):
    """Whoever made the report has taken it back."""

    type_tag: ClassVar[str] = "report-withdrawn.v1"

    reason: Code = Field(description="solved-itself, mistake, other.")


class ReportJoined(IntakeReport):
    """Whoever made the report says that it is about the same problem as an earlier one."""

    type_tag: ClassVar[str] = "report-joined.v1"

    main_id: Id = Field(description="The earlier report: its case is the case of both.")
    voices: Annotated[int, Field(ge=1, le=100_000)] = Field(
        description="How many reports there are now about that problem, the earlier one included."
    )


class ReportMerged(IntakeReport):
    """The staff says that the report is about the same problem as another one."""

    type_tag: ClassVar[str] = "report-merged.v1"

    main_id: Id = Field(description="The other report: its case is the case of both.")
    voices: Annotated[int, Field(ge=1, le=100_000)] = Field(description="As in report-joined.")
    reason: Code = Field(description="same-problem, same-person, main-withdrawn or other.")


class ReportSplit(IntakeReport):
    """The report is about a problem of its own after all: it is no longer joined to the other one."""

    type_tag: ClassVar[str] = "report-split.v1"

    main_id: Id = Field(description="The report that it was joined to.")
    voices: Annotated[int, Field(ge=0, le=100_000)] = Field(
        description="How many reports there still are about the problem of the other one."
    )
    reason: Code = Field(description="mistake, other-problem, main-withdrawn or other.")


class ReportRated(IntakeReport):
    """Whoever made a report says how it went, or changes that within 30 days of the closing; what they wrote stays in intake."""

    type_tag: ClassVar[str] = "report-rated.v1"

    score: Annotated[int, Field(ge=1, le=5)] = Field(description="From 1, very bad, to 5, very good.")
    closed_at: Instant = Field(description="The closing that it is about.")


class ReportCorrected(IntakeReport):
    """The staff has corrected what a report is about, where it is or how urgent it is: these codes count from now on."""

    type_tag: ClassVar[str] = "report-corrected.v1"

    category: Code = Field(description="As in report-registered.")
    kind: Code = Field(description="As in report-registered; never from or to contribution.")
    urgency: Code = Field(description="As in report-registered.")
    place_id: Code = Field(description="As in report-registered.")
    neighbourhood: Code
    province: Code
    reason: Code = Field(description="wrong-category, wrong-place, more-known or other.")


class ReportsOfKind(BaseModel):
    """How many reports of one kind came out of a session."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Code = Field(description="technical, administrative, social or contribution.")
    reports: Annotated[int, Field(ge=1, le=1000)]


class FollowUpAgreed(BaseModel):
    """An appointment that was agreed in a session."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Instant
    what: Code = Field(description="home-visit, phone-call, listening-point or office.")


class SessionHeld(Event):
    """An operator has listened to somebody; what was said stays in intake."""

    type_tag: ClassVar[str] = "session-held.v1"
    topic: ClassVar[str] = "intake.sessions"
    key_field: ClassVar[str] = "session_id"

    session_id: Id
    operator: Subject
    neighbourhood: Code | None = Field(
        description="Where the household lives; null when nobody chose a place."
    )
    started_at: Instant
    ended_at: Instant
    counts: tuple[ReportsOfKind, ...] = Field(
        max_length=64, description="The reports, by kind; empty for a talk alone."
    )
    report_ids: tuple[Id, ...] = Field(
        max_length=64, description="In the order in which they were taken down."
    )
    follow_ups: tuple[FollowUpAgreed, ...] = Field(max_length=32)


class MailReceived(Event):
    """A mail of somebody has been stored; what it says stays in intake."""

    type_tag: ClassVar[str] = "mail-received.v1"
    topic: ClassVar[str] = "intake.mails"
    key_field: ClassVar[str] = "mail_id"

    mail_id: Id
    report_id: Id = Field(
        description="The report that it was added to, or the id that its report will have if the staff makes one of it."
    )
    outcome: Code = Field(description="added (to the report) or waiting (for the staff).")
    photos: Annotated[int, Field(ge=0, le=100, description="How many photos were kept.")]
    left_out: tuple[Code, ...] = Field(
        max_length=16,
        description="Why attachments were not kept, each reason once; empty when all were kept.",
    )
