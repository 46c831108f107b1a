"""The API of applications: the queue, the data that decide an application, and its decision."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from chassis.service import ServiceContext
from subsidies.app.application_data import ApplicationData
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.app.enter_data import enter_data
from subsidies.app.reproduce_decision import reproduce_decision
from subsidies.domain.applications import Status
from subsidies.queries import applications
from subsidies.queries.views import ApplicationView, DecisionView, OutcomeView

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
