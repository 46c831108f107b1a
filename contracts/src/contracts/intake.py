"""The events of intake: reports of tenants."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Code, Event, Id, Instant


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


class ReportWithdrawn(IntakeReport):
    """Whoever made the report has taken it back."""

    type_tag: ClassVar[str] = "report-withdrawn.v1"

    reason: Code = Field(description="solved-itself, mistake, other.")
