"""The reactions of subsidies: input, documents and handler."""

from typing import Any

from chassis.documents import Ref
from chassis.handling import Reaction, Reactions, ignore, on
from contracts.intake import ReportAmended, ReportRegistered, ReportWithdrawn
from subsidies.handlers.allocate_budget import AllocateBudget, allocate_budget
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    CURRENT,
    DECISIONS,
    LEDGER,
    PACKS,
    PRIVATE,
    REGISTERS,
    application_of,
    decision_of,
)
from subsidies.handlers.load_pack import LoadPack, load_pack
from subsidies.handlers.open_application import open_application
from subsidies.handlers.publish_measures import PublishMeasures, publish_measures
from subsidies.handlers.submit_application import SubmitApplication, submit_application
from subsidies.handlers.withdraw_application import withdraw_application

SUBSCRIBES = ("intake.reports",)


def _submission(command: SubmitApplication) -> tuple[Ref[Any], ...]:
    """The six documents of one decision; `on` is typed for at most four."""
    decision = decision_of(command.application_id)
    return (
        APPLICATIONS[command.application_id],
        DECISIONS[decision],
        BUDGETS[command.budget],
        PACKS[command.pack_hash],
        PRIVATE[command.application_id],
        LEDGER[decision],
    )


REACTIONS = Reactions(
    on(
        ReportRegistered,
        lambda event: (APPLICATIONS[application_of(event.report_id)], REGISTERS[CURRENT]),
        open_application,
    ),
    on(ReportWithdrawn, lambda event: (APPLICATIONS[application_of(event.report_id)],), withdraw_application),
    ignore(ReportAmended),
    Reaction(SubmitApplication, _submission, submit_application, "submit_application"),
    on(LoadPack, lambda command: (PACKS[command.pack.hash],), load_pack),
    on(PublishMeasures, lambda _: (REGISTERS[CURRENT],), publish_measures),
    on(AllocateBudget, lambda command: (BUDGETS[command.code],), allocate_budget),
)
