"""The officers' door: the queue, the data that decide an application, its decision, and the budgets."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from chassis.errors import Refused
from chassis.service import ServiceContext
from subsidies.domain.days import day_in_italy
from subsidies.domain.measure import Measure, open_measure
from subsidies.entrypoints.application_data import ApplicationData
from subsidies.entrypoints.safe import Safe
from subsidies.entrypoints.views import (
    ApplicationView,
    BudgetView,
    DecisionView,
    OutcomeView,
    application_view,
    budget_view,
    decision_view,
)
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    CURRENT,
    DECISIONS,
    PACKS,
    PRIVATE,
    REGISTERS,
    Application,
    DecisionRecord,
    Status,
    decision_of,
)
from subsidies.handlers.replay import digest_of, replay
from subsidies.handlers.submit_application import SubmitApplication

OFFICER = "officer"


def applications_router(context: ServiceContext, safe: Safe) -> APIRouter:
    """Reading applications, entering their data, reading their decisions."""
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
        asked = {"state.status": status and status.value, "state.report_id": report_id and str(report_id)}
        where = {field: value for field, value in asked.items() if value is not None}
        found = await context.list(APPLICATIONS, where, [("state.opened_at", 1)], limit)
        return [application_view(one) for one in found]

    @router.get("/{application_id}")
    async def read_application(application_id: UUID) -> ApplicationView:
        """One application."""
        return application_view(await _application(context, str(application_id)))

    _add_decisions(router, context, safe)
    return router


def _add_decisions(router: APIRouter, context: ServiceContext, safe: Safe) -> None:
    @router.put("/{application_id}/data")
    async def enter_data(application_id: UUID, data: ApplicationData) -> OutcomeView:
        """Enter the data, which decides at once; the same data again get the same answer, others are refused."""
        return OutcomeView.model_validate(await decide(context, safe, str(application_id), data))

    @router.get("/{application_id}/decision")
    async def read_decision(application_id: UUID) -> DecisionView:
        """The whole decision with its values, computed again from the sealed data."""
        return await explained(context, safe, str(application_id))


def budgets_router(context: ServiceContext) -> APIRouter:
    """Reading the budgets."""
    router = APIRouter(
        prefix="/v1/budgets", tags=["budgets"], dependencies=[Depends(context.require(OFFICER))]
    )

    @router.get("")
    async def list_budgets() -> list[BudgetView]:
        """Every budget, by its code."""
        return [budget_view(one) for one in await context.list(BUDGETS, {}, [("state.code", 1)], 500)]

    return router


async def decide(
    context: ServiceContext, safe: Safe, application_id: str, data: ApplicationData
) -> dict[str, object]:
    """Find the measure, its pack and the province's budget, seal the data, and run the command."""
    application = await _application(context, application_id)
    today = day_in_italy(context.clock())
    for field, latest in data.ahead(today).items():
        raise Refused("day-ahead", "This day has not come yet.", 422, field, f"Write {latest} or earlier.")
    measure = await _measure(context, application)
    name = safe.name(data)
    sealed, salt = safe.seal(application_id, data)
    command = SubmitApplication(
        application_id=application_id,
        measure=measure.code,
        notice_on=measure.notice_on,
        pack_hash=measure.pack,
        budget=_budget(measure, data.tenancy.province),
        facts=data.facts(),
        sealed=sealed,
        salt=salt,
    )
    answer = await context.run(
        command,
        id=f"data:{application_id}:{name}",
        key=application_id,
        correlation=application.report_id,
        fingerprint=name,
    )
    return dict(answer.body)


async def explained(context: ServiceContext, safe: Safe, application_id: str) -> DecisionView:
    """The decision of an application; raises Refused 404 when there is none yet."""
    record = await context.load(DECISIONS, decision_of(application_id))
    if record is None:
        raise Refused("no-decision", "This application is not decided.", 404, fix="Enter its data first.")
    opened = await _opened(context, safe, record)
    if opened is None:
        return decision_view(record, None, None)
    explanation, salt = opened
    return decision_view(record, explanation, digest_of(explanation, salt) == record.digest)


async def _opened(
    context: ServiceContext, safe: Safe, record: DecisionRecord
) -> tuple[dict[str, object], str] | None:
    private = await context.load(PRIVATE, record.application_id)
    pack = await context.load(PACKS, record.pack_hash)
    data = safe.open(private.sealed) if private is not None else None
    if data is None or pack is None:
        return None
    facts, salt = data
    return replay(record, pack.text, facts), salt


async def _application(context: ServiceContext, application_id: str) -> Application:
    application = await context.load(APPLICATIONS, application_id)
    if application is None:
        raise Refused("unknown-application", "There is no application with this id.", 404, "application_id")
    return application


async def _measure(context: ServiceContext, application: Application) -> Measure:
    register = await context.load(REGISTERS, CURRENT)
    measures = () if register is None else register.measures
    if application.measure:
        found = next((one for one in measures if one.code == application.measure), None)
    else:
        found = open_measure(measures, day_in_italy(context.clock()))
    if found is None:
        raise Refused(
            "no-open-measure",
            "No measure takes this application.",
            409,
            fix="Add it to measures.yaml and restart.",
        )
    return found


def _budget(measure: Measure, province: str) -> str:
    budget = measure.budget_of(province)
    if budget is None:
        known = ", ".join(name for name, _ in measure.budgets)
        raise Refused(
            "unknown-province",
            "The measure has no budget in this province.",
            422,
            "tenancy.province",
            f"Write one of {known}.",
        )
    return budget
