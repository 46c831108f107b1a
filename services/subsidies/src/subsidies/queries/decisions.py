"""Reads the decisions of an application with their history."""

from chassis.service import ServiceContext
from subsidies.domain.decision_records import DecisionRecord
from subsidies.handlers.check_application import known
from subsidies.handlers.documents import APPLICATIONS, DECISIONS, decision_of
from subsidies.queries.views import DecisionSummary


async def list_decisions(context: ServiceContext, application_id: str) -> list[DecisionSummary]:
    """Every decision on an application, the first one first; raises Refused 404 when there is no application."""
    stored = await context.load(APPLICATIONS, application_id)
    application = known(stored)
    records: list[DecisionRecord] = []
    for annulments in range(application.annulments + 1):
        record = await context.load(DECISIONS, decision_of(application_id, annulments))
        records += [] if record is None else [record]
    following: list[DecisionRecord | None] = [*records[1:], None]  # the decision in force has none
    return [
        DecisionSummary(
            number=number,
            decision_id=record.decision_id,
            outcome=record.outcome,
            amount_cents=record.amount_cents,
            partial=record.partial,
            decided_at=record.decided_at,
            annulment=record.annulment,
            annulled_at=None if later is None else later.decided_at,
        )
        for number, (record, later) in enumerate(zip(records, following, strict=False), 1)
    ]
