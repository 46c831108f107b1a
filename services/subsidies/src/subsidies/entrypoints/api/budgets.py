"""The API of budgets."""

from fastapi import APIRouter, Depends

from chassis.service import ServiceContext
from subsidies.entrypoints.api.applications import OFFICER
from subsidies.queries import budgets
from subsidies.queries.views import BudgetView


def budgets_router(context: ServiceContext) -> APIRouter:
    """The routes below /v1/budgets, for officers."""
    router = APIRouter(
        prefix="/v1/budgets", tags=["budgets"], dependencies=[Depends(context.require(OFFICER))]
    )

    @router.get("")
    async def list_budgets() -> list[BudgetView]:
        """All budgets, ordered by code."""
        return await budgets.list_budgets(context)

    return router
