"""The cases, for the staff who handle them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.service import ServiceContext
from chassis.web import Principal
from contracts.base import Code
from routing.app.move import hand_off_case, reassign_case
from routing.app.reopen import reopen_case
from routing.app.resolve import resolve_case
from routing.domain.cases import Outcome, Status
from routing.domain.history import MoveReason, Staff
from routing.domain.rules import Route
from routing.queries import cases
from routing.queries.cases import CaseView

STAFF = ("operator", "coordinator")


class Resolution(BaseModel):
    """How a case ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["solved", "handed-off", "unfounded"]
    command_id: UUID | None = Field(
        default=None, description="Makes a repeated call safe: the same id returns the first answer."
    )


class Command(BaseModel):
    """A command without other values."""

    model_config = ConfigDict(extra="forbid")

    command_id: UUID = Field(description="Makes a repeated call safe: the same id returns the first answer.")


class Reassignment(Command):
    """The operator who gets a case, and why."""

    operator: Code
    reason: MoveReason


class HandOff(Command):
    """The desk that gets a case, and why."""

    route: Literal["technical-office", "admin-office", "social-services", "emergency"]
    reason: MoveReason


def cases_router(context: ServiceContext) -> APIRouter:
    """The routes that read cases, resolve and reopen them, and give them to others."""
    guard = context.require(*STAFF)
    router = APIRouter(prefix="/v1/cases", tags=["cases"], dependencies=[Depends(guard)])
    _serve_reading(router, context)
    _serve_resolution(router, context, guard)
    _serve_moving(router, context, guard)
    return router


def _serve_reading(router: APIRouter, context: ServiceContext) -> None:
    @router.get("")
    async def list_cases(
        status: Status | None = None,
        route: Route | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[CaseView]:
        """Cases, the earliest due date first."""
        return await cases.list_cases(context, status, route, limit)

    @router.get("/{report_id}")
    async def read_case(report_id: UUID) -> CaseView:
        """One case, with every operator who was considered and why."""
        return await cases.read_case(context, str(report_id))


def _serve_resolution(router: APIRouter, context: ServiceContext, guard: Any) -> None:
    @router.post("/{report_id}/resolution")
    async def resolve(
        report_id: UUID, resolution: Resolution, who: Annotated[Principal, Depends(guard)]
    ) -> dict[str, Any]:
        """Close a case at once; a repeated command_id returns the first answer."""
        outcome, by = Outcome(resolution.outcome), Staff(who.subject)
        answer = await resolve_case(context, str(report_id), outcome, resolution.command_id, by)
        return dict(answer.body)

    @router.post("/{report_id}/reopening")
    async def reopen(
        report_id: UUID, command: Command, who: Annotated[Principal, Depends(guard)]
    ) -> dict[str, Any]:
        """Work on a resolved case again, with new due dates."""
        answer = await reopen_case(context, str(report_id), Staff(who.subject), str(command.command_id))
        return dict(answer.body)


def _serve_moving(router: APIRouter, context: ServiceContext, guard: Any) -> None:
    @router.post("/{report_id}/reassignment")
    async def reassign(
        report_id: UUID, command: Reassignment, who: Annotated[Principal, Depends(guard)]
    ) -> dict[str, Any]:
        """Give a case to an operator who is here; its due dates stay."""
        by, command_id = Staff(who.subject), str(command.command_id)
        answer = await reassign_case(
            context, str(report_id), command.operator, command.reason, by, command_id
        )
        return dict(answer.body)

    @router.post("/{report_id}/hand-off")
    async def hand_off(
        report_id: UUID, command: HandOff, who: Annotated[Principal, Depends(guard)]
    ) -> dict[str, Any]:
        """Give a case to a desk; its due dates stay."""
        by, route = Staff(who.subject), Route(command.route)
        command_id = str(command.command_id)
        answer = await hand_off_case(context, str(report_id), route, command.reason, by, command_id)
        return dict(answer.body)
