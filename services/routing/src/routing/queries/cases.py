"""Cases as staff reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from chassis.documents import AnyOf, Index
from chassis.errors import Refused
from chassis.service import ServiceContext
from routing.domain.cases import Case, Outcome, Status
from routing.domain.explanation import REASONS, explain
from routing.domain.history import Happened
from routing.domain.rules import Candidate, Route
from routing.handlers.documents import CASES

BY_DUE_DATE = (("state.due_at", 1),)
INDEXES = (
    *(
        Index(CASES.name, ((path, 1), *BY_DUE_DATE))
        for path in ("state.status", "state.route", "state.operator")
    ),
    Index(CASES.name, (("state.status", 1), ("state.resolved_at", -1))),
)


@dataclass(frozen=True)
class ReasonView:
    """A reason as a code and as a text."""

    code: str
    text: Annotated[str, Field(description="In Italian.")]


@dataclass(frozen=True)
class CandidateView:
    """An operator who was considered."""

    operator: str
    name: str
    eligible: bool
    reasons: list[ReasonView]


@dataclass(frozen=True)
class EntryView:
    """What happened to a case; the staff member who did it is shown on the pages only."""

    what: Happened
    at: datetime
    route: str | None
    operator: str | None
    code: Annotated[str | None, Field(description="The missed date, the outcome, or the reason.")]


@dataclass(frozen=True)
class CaseView:
    """A case as staff sees it; the text of the report is in intake."""

    report_id: str
    status: Status
    route: Route | None
    operator: str | None
    category: str
    kind: str
    urgency: str
    neighbourhood: str
    province: str
    place_id: str
    heard_at: datetime
    opened_at: datetime
    contact_due_at: datetime
    due_at: datetime
    overdue_at_opening: bool
    missed: list[str]
    outcome: Outcome | None
    resolved_at: datetime | None
    closes_at: Annotated[
        datetime | None, Field(description="Until when the closing that has begun can be undone.")
    ]
    reopened_at: datetime | None
    rule: str
    rules_version: str
    held: str | None
    candidates: list[CandidateView]
    merged_into: Annotated[str | None, Field(description="The report whose case is worked on instead.")]
    followers: Annotated[list[str], Field(description="The reports that are merged into this one.")]
    voices: Annotated[int, Field(description="How many reports there are about the problem.")]
    because: Annotated[list[str], Field(description="The explanation of the decision, in Italian.")]
    history: list[EntryView]


async def list_cases(
    context: ServiceContext, status: Status | None, route: Route | None, limit: int
) -> list[CaseView]:
    """Cases with this status and this route (None: any), at most `limit`, the earliest due date first."""
    # With each status by name their index gives the order; without one, all cases would be sorted.
    where: dict[str, Any] = {"state.status": AnyOf([one.value for one in ([status] if status else Status)])}
    if route is not None:
        where["state.route"] = route.value
    return _views(await context.list(CASES, where, BY_DUE_DATE, limit))


async def read_case(context: ServiceContext, report_id: str) -> CaseView:
    """The case of a report as the API has it; raises Refused (404) when there is none."""
    return _view(await find_case(context, report_id))


async def find_case(context: ServiceContext, report_id: str) -> Case:
    """The case of a report; raises Refused (404) when there is none."""
    case = await context.load(CASES, report_id)
    if case is None:
        raise Refused("unknown-case", "There is no case for this report.", 404, "report_id")
    return case


def _views(cases: Sequence[Case]) -> list[CaseView]:
    return [_view(case) for case in cases]


def _view(case: Case) -> CaseView:
    derived: dict[str, Any] = {
        "missed": list(case.missed),
        "candidates": [_candidate(candidate) for candidate in case.candidates],
        "because": explain(case),
        "followers": list(case.followers),
        "closes_at": case.closing.ends_at if case.closing else None,
        "history": [EntryView(one.what, one.at, one.route, one.operator, one.code) for one in case.history],
    }
    copied = {
        field.name: getattr(case, field.name) for field in fields(CaseView) if field.name not in derived
    }
    return CaseView(**copied, **derived)


def _candidate(candidate: Candidate) -> CandidateView:
    reasons = [ReasonView(code=reason, text=REASONS[reason]) for reason in candidate.reasons]
    return CandidateView(candidate.operator, candidate.name, candidate.eligible, reasons)
