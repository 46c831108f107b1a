"""Reads applications."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.documents import AnyOf, AtMost
from chassis.service import ServiceContext
from subsidies.domain.applications import Status
from subsidies.domain.decisions import Outcome
from subsidies.handlers.check_application import known
from subsidies.handlers.documents import APPLICATIONS
from subsidies.queries.views import ApplicationView, application_view


@dataclass(frozen=True)
class QueueFilter:
    """Which applications a queue shows; no statuses are all of them."""

    statuses: tuple[Status, ...] = ()
    measure: str = ""
    province: str = ""
    opened_before: datetime | None = None
    latest_first: bool = False


async def list_applications(
    context: ServiceContext, status: Status | None, report_id: str | None, limit: int
) -> list[ApplicationView]:
    """At most `limit` applications, the oldest first; None selects every status or report."""
    criteria = {"state.status": status and status.value, "state.report_id": report_id}
    where = {field: value for field, value in criteria.items() if value is not None}
    found = await context.list(APPLICATIONS, where, [("state.opened_at", 1)], limit)
    return [application_view(one) for one in found]


async def due_applications(
    context: ServiceContext, criteria: QueueFilter, limit: int
) -> list[ApplicationView]:
    """At most `limit` applications of the queue, ordered by their term: the oldest receipt has the earliest."""
    where = _queue_where(criteria)
    order = [("state.opened_at", -1 if criteria.latest_first else 1), ("_id", 1)]
    found = await context.list(APPLICATIONS, where, order, limit)
    return [application_view(one) for one in found]


async def count_applications(context: ServiceContext, criteria: QueueFilter) -> int:
    """How many applications the filter selects."""
    return await context.store.count(APPLICATIONS.name, _queue_where(criteria))


async def waiting_list(context: ServiceContext, budget: str | None, limit: int) -> list[ApplicationView]:
    """At most `limit` applications that fulfil the conditions and wait for money, in the order of their decisions."""
    where = {"state.outcome": Outcome.WAITLISTED.value} | ({"state.budget": budget} if budget else {})
    found = await context.list(APPLICATIONS, where, [("state.decided_at", 1), ("_id", 1)], limit)
    return [application_view(one) for one in found]


def _queue_where(criteria: QueueFilter) -> dict[str, Any]:
    where: dict[str, Any] = {}
    if criteria.statuses:
        where["state.status"] = AnyOf([status.value for status in criteria.statuses])
    if criteria.measure:
        where["state.measure"] = criteria.measure
    if criteria.province:
        where["state.province"] = criteria.province
    if criteria.opened_before is not None:
        where["state.opened_at"] = AtMost(criteria.opened_before)
    return where


async def read_application(context: ServiceContext, application_id: str) -> ApplicationView:
    """One application; raises Refused 404 when it does not exist."""
    application = await context.load(APPLICATIONS, application_id)
    return application_view(known(application))
