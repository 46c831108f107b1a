"""The cases, for the staff who handle them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.service import ServiceContext
from routing.app.resolve import resolve_case
from routing.domain.cases import Outcome, Status
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


def cases_router(context: ServiceContext) -> APIRouter:
    """The routes that read cases and resolve them."""
    router = APIRouter(prefix="/v1/cases", tags=["cases"], dependencies=[Depends(context.require(*STAFF))])

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

    @router.post("/{report_id}/resolution")
    async def resolve(report_id: UUID, resolution: Resolution) -> dict[str, Any]:
        """Close a case; a repeated command_id returns the first answer."""
        outcome = Outcome(resolution.outcome)
        return dict((await resolve_case(context, str(report_id), outcome, resolution.command_id)).body)

    return router
