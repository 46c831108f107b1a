"""What officers are shown; no document leaves the service as it is stored."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from subsidies.domain.budget import Budget
from subsidies.domain.decision import Outcome
from subsidies.handlers.documents import Application, DecisionRecord, Status
from subsidies.handlers.submit_application import answer_of


class ApplicationView(BaseModel):
    """An application as an officer sees it in the queue."""

    application_id: str
    report_id: str
    measure: str = Field(description="Empty while no notice takes it.")
    status: Status
    opened_at: datetime
    outcome: Outcome | None
    budget: str | None
    amount_cents: int
    partial: bool
    decision_id: str | None
    decided_at: datetime | None


class ReasonView(BaseModel):
    """One condition: the rule and how it ended."""

    code: str
    comparator: str
    threshold: str
    outcome: Literal["pass", "fail", "not-applicable"]
    legal: str


class OutcomeView(BaseModel):
    """What entering the data is answered."""

    application_id: str
    decision_id: str
    outcome: Outcome
    amount_cents: int
    partial: bool
    reasons: list[ReasonView]


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
    erased: bool = Field(description="The data are erased: rules and outcomes remain, values do not.")
    reproduced: bool | None = Field(description="Computed again from data and pack, with the same bytes.")
    explanation: dict[str, Any] | None = Field(
        description="Every value and limit, the lines paid, and the Italian text."
    )


class BudgetView(BaseModel):
    """A budget in cents; allocated = available + reserved + committed + paid."""

    code: str
    measure: str
    province: str
    allocated_cents: int
    available_cents: int
    reserved_cents: int
    committed_cents: int
    paid_cents: int


def application_view(application: Application) -> ApplicationView:
    """An application for the queue."""
    return ApplicationView(**asdict(application))


def budget_view(budget: Budget) -> BudgetView:
    """A budget for whoever watches the money."""
    return BudgetView(**{name: getattr(budget, name) for name in BudgetView.model_fields})


def decision_view(
    record: DecisionRecord, explanation: Mapping[str, Any] | None, reproduced: bool | None
) -> DecisionView:
    """A decision with its explanation, or without its values once they are erased."""
    names = ("measure", "budget", "pack", "pack_hash", "track", "notice_on", "submitted_on", "decided_at")
    return DecisionView(
        **answer_of(record),
        **{name: getattr(record, name) for name in names},
        erased=explanation is None,
        reproduced=reproduced,
        explanation=None if explanation is None else dict(explanation),
    )
