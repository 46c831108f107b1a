"""The views of the read side; no stored document leaves the service as it is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from subsidies.domain.applications import Application, Status
from subsidies.domain.budgets import Budget
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Outcome
from subsidies.domain.procedure import Annulment


@dataclass(frozen=True)
class ApplicationView:
    """An application as an officer sees it in the queue."""

    application_id: str
    report_id: str
    measure: Annotated[str, Field(description="Empty while no notice accepts it.")]
    status: Status
    opened_at: datetime
    outcome: Outcome | None
    budget: str | None
    amount_cents: int
    partial: bool
    decision_id: str | None
    decided_at: datetime | None
    annulments: Annotated[int, Field(description="Decisions that were annulled and replaced.")]
    province: Annotated[str, Field(description="The province of the report; empty when it was not recorded.")]


@dataclass(frozen=True)
class ReasonView:
    """One condition: the rule and its result."""

    code: str
    comparator: str
    threshold: str
    outcome: Literal["pass", "fail", "not-applicable"]
    legal: str


@dataclass(frozen=True)
class OutcomeView:
    """The outcome of entering the data, with its reasons."""

    application_id: str
    decision_id: str
    outcome: Outcome
    amount_cents: int
    partial: bool
    reasons: list[ReasonView]


@dataclass(frozen=True)
class DecisionView(OutcomeView):
    """A decision in full."""

    measure: str
    budget: str
    pack: str
    pack_hash: str
    track: str
    notice_on: str
    submitted_on: str
    decided_at: datetime
    annulment: Annotated[
        Annulment | None, Field(description="The decision that this one annuls and replaces.")
    ]
    erased: Annotated[
        bool, Field(description="The data are erased: rules and outcomes remain, values do not.")
    ]
    reproduced: Annotated[
        bool | None, Field(description="Computed again from data and pack, with the same bytes.")
    ]
    explanation: Annotated[
        dict[str, Any] | None,
        Field(description="Every value and limit, the paid lines, and the Italian text."),
    ]


@dataclass(frozen=True)
class DecisionSummary:
    """One decision in the history of an application; `annulled_at` is None for the decision in force."""

    number: int
    decision_id: str
    outcome: Outcome
    amount_cents: int
    partial: bool
    decided_at: datetime
    annulment: Annotated[
        Annulment | None, Field(description="The decision that this one annuls and replaces.")
    ]
    annulled_at: datetime | None


@dataclass(frozen=True)
class BudgetView:
    """A budget in cents; allocated = available + reserved + committed + paid."""

    code: str
    measure: str
    province: str
    allocated_cents: int
    available_cents: int
    reserved_cents: int
    committed_cents: int
    paid_cents: int


_OUTCOME = TypeAdapter(OutcomeView)
_RECORDED = {field.name for field in fields(DecisionView)} & {field.name for field in fields(DecisionRecord)}


def application_view(application: Application) -> ApplicationView:
    """The view of an application."""
    return ApplicationView(**asdict(application))


def outcome_view(answer: Mapping[str, Any]) -> OutcomeView:
    """The view of a submission's answer; fields that another build has added are ignored."""
    return _OUTCOME.validate_python(answer)


def decision_view(
    record: DecisionRecord, explanation: Mapping[str, Any] | None, reproduced: bool | None
) -> DecisionView:
    """The view of a decision; without its explanation when the data are erased."""
    return DecisionView(
        **{name: getattr(record, name) for name in _RECORDED - {"reasons"}},
        reasons=[ReasonView(**asdict(reason)) for reason in record.reasons],
        erased=explanation is None,
        reproduced=reproduced,
        explanation=None if explanation is None else dict(explanation),
    )


def budget_view(budget: Budget) -> BudgetView:
    """The view of a budget."""
    return BudgetView(**{field.name: getattr(budget, field.name) for field in fields(BudgetView)})
