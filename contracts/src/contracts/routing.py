"""The events of routing: assignments and deadlines of cases."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Code, Event, Id, Instant


class RoutingCase(Event):
    """The base of the events of one case; a report has one case and the key is the report."""

    topic: ClassVar[str] = "routing.cases"
    key_field: ClassVar[str] = "report_id"

    report_id: Id


class CaseOpened(RoutingCase):
    """A case exists and somebody looks after it."""

    type_tag: ClassVar[str] = "case-opened.v1"

    route: Code = Field(description="operator, technical-office, admin-office, social-services or emergency.")
    operator: Code | None = Field(description="The operator, when the route is operator.")
    rule: Code = Field(description="The rule that decided.")
    rules_version: Code = Field(description="The version of the rule table that was in force.")
    urgency: Code
    neighbourhood: Code
    contact_due_at: Instant = Field(description="First contact at the latest.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest.")


class CaseHeld(RoutingCase):
    """A case exists and nobody can take it: the coordinator is alarmed."""

    type_tag: ClassVar[str] = "case-held.v1"

    rule: Code
    rules_version: Code
    reason: Code = Field(description="Why nobody can take it.")
    urgency: Code
    neighbourhood: Code
    due_at: Instant


class CaseEscalated(RoutingCase):
    """A due date has passed and the case is still open."""

    type_tag: ClassVar[str] = "case-escalated.v1"

    missed: Code = Field(description="Which date: contact or completion.")
    due_at: Instant


class CaseResolved(RoutingCase):
    """The case is closed with an outcome."""

    type_tag: ClassVar[str] = "case-resolved.v1"

    outcome: Code = Field(description="solved, handed-off, unfounded or withdrawn.")


class CaseReassigned(RoutingCase):
    """Another operator looks after the case, until the date that it states."""

    type_tag: ClassVar[str] = "case-reassigned.v1"

    route: Code = Field(description="operator, technical-office, admin-office, social-services or emergency.")
    operator: Code | None = Field(description="The operator, when the route is operator.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest.")
    reason: Code = Field(
        description="absence, workload, competence, conflict-of-interest, tenant-request or other."
    )


class CaseHandedOff(RoutingCase):
    """A desk looks after the case instead of an operator or of another desk."""

    type_tag: ClassVar[str] = "case-handed-off.v1"

    route: Code = Field(description="technical-office, admin-office, social-services or emergency.")
    reason: Code = Field(
        description="absence, workload, competence, conflict-of-interest, tenant-request or other."
    )


class CaseReopened(RoutingCase):
    """A resolved case is worked on again, with new due dates."""

    type_tag: ClassVar[str] = "case-reopened.v1"

    route: Code | None = Field(description="As in case-opened; null when nobody can take it yet.")
    operator: Code | None = Field(description="The operator, when the route is operator.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest.")


class CaseCorrected(RoutingCase):
    """The rules have decided again about an open case, because its report was corrected."""

    type_tag: ClassVar[str] = "case-corrected.v1"

    route: Code | None = Field(description="As in case-opened; null when nobody can take it yet.")
    operator: Code | None = Field(description="The operator, when the route is operator.")
    rule: Code = Field(description="The rule that decided.")
    rules_version: Code = Field(description="The version of the rule table that was in force.")
    urgency: Code
    neighbourhood: Code
    contact_due_at: Instant = Field(description="First contact at the latest.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest.")


class CaseMerged(RoutingCase):
    """The problem is looked after in the case of another report, and ends with it."""

    type_tag: ClassVar[str] = "case-merged.v1"

    main_id: Id = Field(description="The report whose case it is.")
    route: Code | None = Field(description="Who has that case, as in case-opened; null when nobody can yet.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest: the date of that case.")


class CaseSplit(RoutingCase):
    """The report has a case of its own again, with its own due dates."""

    type_tag: ClassVar[str] = "case-split.v1"

    main_id: Id = Field(description="The report whose case it shared.")
    route: Code | None = Field(description="As in case-opened; null when nobody can take it yet.")
    operator: Code | None = Field(description="The operator, when the route is operator.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest.")


class CaseRaised(RoutingCase):
    """A case became more urgent because many report the same problem; its due dates are never later than before."""

    type_tag: ClassVar[str] = "case-raised.v1"

    rule: Code = Field(description="The rule that decided.")
    rules_version: Code = Field(description="The version of the rule table that was in force.")
    urgency: Code = Field(description="The urgency from now on.")
    voices: Annotated[int, Field(ge=1, le=100_000)] = Field(
        description="How many reports there are about the problem."
    )
    contact_due_at: Instant = Field(description="First contact at the latest.")
    due_at: Instant = Field(description="Done, or a plan given, at the latest.")
