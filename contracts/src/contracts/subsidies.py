"""The events of subsidies: applications for contributions, decisions, and exhausted budgets."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Cents, Code, Event, Id


class SubsidiesApplication(Event):
    """The base of the events of one application; the key is the application."""

    topic: ClassVar[str] = "subsidies.applications"
    key_field: ClassVar[str] = "application_id"

    application_id: Id
    report_id: Id = Field(description="The report the application came from.")
    measure: Code = Field(description="The measure applied for.")


class DocumentsRequested(SubsidiesApplication):
    """An application is open and waits for data or documents."""

    type_tag: ClassVar[str] = "documents-requested.v1"

    documents: tuple[Code, ...] = Field(max_length=64, description="What is asked for; may be empty.")


class ApplicationSubmitted(SubsidiesApplication):
    """An application is complete and can be decided."""

    type_tag: ClassVar[str] = "application-submitted.v1"


class SubsidiesDecision(SubsidiesApplication):
    """The base of decisions, with their rule pack; the reasons stay in subsidies and are not published."""

    decision_id: Id
    pack: Code
    pack_hash: Code = Field(description="First 16 hexadecimal digits of the pack's SHA-256.")


class SubsidyGranted(SubsidiesDecision):
    """A contribution is granted and its money reserved."""

    type_tag: ClassVar[str] = "subsidy-granted.v1"

    budget: Code
    amount_cents: Cents
    partial: bool = Field(description="Less than the rules allow, because the budget ended.")


class SubsidyRefused(SubsidiesDecision):
    """A contribution is refused."""

    type_tag: ClassVar[str] = "subsidy-refused.v1"


class SubsidyWaitlisted(SubsidiesDecision):
    """The rules allow a contribution and there is no money left for it."""

    type_tag: ClassVar[str] = "subsidy-waitlisted.v1"

    budget: Code


class DecisionAnnulled(SubsidiesApplication):
    """The agency has annulled its own decision (art. 21-nonies L. 241/1990); the outcome of the new one follows."""

    type_tag: ClassVar[str] = "decision-annulled.v1"

    decision_id: Id = Field(description="The annulled decision.")
    replaced_by: Id = Field(description="The new decision on the same application.")
    reason: Code = Field(
        description="The legal ground, for example `wrong-data`; its explanation stays in subsidies."
    )
    budget: Code
    released_cents: Cents = Field(
        description="What the annulled decision had reserved; 0 when it granted nothing."
    )


class BudgetExhausted(Event):
    """A budget has nothing left to give."""

    topic: ClassVar[str] = "subsidies.measures"
    key_field: ClassVar[str] = "budget"
    type_tag: ClassVar[str] = "budget-exhausted.v1"

    budget: Code
    measure: Code
    allocated_cents: Cents
