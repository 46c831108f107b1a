"""The cases, for the people who look after them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import ServiceContext
from routing.domain.case import Case, Outcome, Status
from routing.domain.rules import Route
from routing.domain.words import REASONS, explain
from routing.handlers.documents import CASES
from routing.handlers.resolve_case import ResolveCase

STAFF = ("operator", "coordinator")


class ReasonView(BaseModel):
    """A reason, for machines and for people."""

    code: str
    text: str = Field(description="In Italian.")


class CandidateView(BaseModel):
    """An operator who was considered."""

    operator: str
    name: str
    eligible: bool
    reasons: list[ReasonView]


class CaseView(BaseModel):
    """A case as staff sees it; what the tenant wrote is read from intake."""

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
    rule: str
    rules_version: str
    held: str | None
    candidates: list[CandidateView]
    because: list[str] = Field(description="Perché: why it went where it went, in Italian.")


class Resolution(BaseModel):
    """How a case ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["solved", "handed-off", "unfounded"]
    command_id: UUID | None = Field(default=None, description="Send it to be able to repeat the call safely.")


def cases_router(context: ServiceContext) -> APIRouter:
    """Reading cases and resolving them."""
    router = APIRouter(prefix="/v1/cases", tags=["cases"], dependencies=[Depends(context.require(*STAFF))])

    @router.get("")
    async def list_cases(
        status: Status | None = None,
        route: Route | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[CaseView]:
        """Cases, the one that is due first at the head."""
        asked = {"state.status": status, "state.route": route}
        where = {field: value.value for field, value in asked.items() if value is not None}
        return [view(case) for case in await context.list(CASES, where, [("state.due_at", 1)], limit)]

    @router.get("/{report_id}")
    async def read_case(report_id: UUID) -> CaseView:
        """One case, with everybody who was considered and why."""
        case = await context.load(CASES, str(report_id))
        if case is None:
            raise Refused("unknown-case", "There is no case for this report.", 404, "report_id")
        return view(case)

    _add_resolution(router, context)
    return router


def _add_resolution(router: APIRouter, context: ServiceContext) -> None:
    @router.post("/{report_id}/resolution")
    async def resolve(report_id: UUID, resolution: Resolution) -> dict[str, Any]:
        """Close a case; sent again with the same command_id it gives the same answer."""
        command = ResolveCase(str(report_id), Outcome(resolution.outcome))
        command_id = str(resolution.command_id or uuid7(context.clock()))
        answer = await context.run(
            command, id=command_id, key=command.report_id, fingerprint=f"{report_id}/{resolution.outcome}"
        )
        return dict(answer.body)


def view(case: Case) -> CaseView:
    """The case as staff sees it."""
    candidates = [
        CandidateView(
            operator=candidate.operator,
            name=candidate.name,
            eligible=candidate.eligible,
            reasons=[ReasonView(code=reason, text=REASONS[reason]) for reason in candidate.reasons],
        )
        for candidate in case.candidates
    ]
    same = {
        name: getattr(case, name) for name in CaseView.model_fields if name not in ("candidates", "because")
    }
    return CaseView(**same | {"missed": list(case.missed)}, candidates=candidates, because=explain(case))
