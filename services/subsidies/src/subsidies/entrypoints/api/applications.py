"""The API of applications: the queue, the data that decide an application, and its decision."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from chassis.service import ServiceContext
from subsidies.app.application_data import ApplicationData
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.app.enter_data import enter_data
from subsidies.app.reproduce_decision import reproduce_decision
from subsidies.domain.applications import Status
from subsidies.queries import applications
from subsidies.queries.decisions import list_decisions as list_decisions_of
from subsidies.queries.views import ApplicationView, DecisionSummary, DecisionView, OutcomeView

OFFICER = "officer"


def applications_router(context: ServiceContext, encryption: ApplicationDataEncryption) -> APIRouter:
    """The routes below /v1/applications, for officers."""
    router = APIRouter(
        prefix="/v1/applications", tags=["applications"], dependencies=[Depends(context.require(OFFICER))]
    )

    @router.get("")
    async def list_applications(
        status: Status | None = None,
        report_id: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[ApplicationView]:
        """Applications, the oldest first."""
        report = None if report_id is None else str(report_id)
        return await applications.list_applications(context, status, report, limit)

    @router.get("/{application_id}")
    async def read_application(application_id: UUID) -> ApplicationView:
        """One application."""
        return await applications.read_application(context, str(application_id))

    _add_decisions(router, context, encryption)
    return router


def _add_decisions(router: APIRouter, context: ServiceContext, encryption: ApplicationDataEncryption) -> None:
    @router.put("/{application_id}/data", name="enter_data")
    async def put_data(application_id: UUID, data: ApplicationData) -> OutcomeView:
        """Enter the data, which decides the application; equal data return the same answer, other data are refused."""
        return await enter_data(context, encryption, str(application_id), data)

    @router.get("/{application_id}/decision")
    async def read_decision(application_id: UUID) -> DecisionView:
        """The whole decision with its values, computed again from the encrypted data."""
        return await reproduce_decision(context, encryption, str(application_id))

    @router.get("/{application_id}/decisions")
    async def list_decisions(application_id: UUID) -> list[DecisionSummary]:
        """The decisions on an application, the first one first; all but the last are annulled."""
        return await list_decisions_of(context, str(application_id))

    @router.get("/{application_id}/decisions/{number}")
    async def read_earlier_decision(
        application_id: UUID, number: Annotated[int, Path(ge=1, le=1000)]
    ) -> DecisionView:
        """The first, second or later decision, computed again."""
        return await reproduce_decision(context, encryption, str(application_id), number)
