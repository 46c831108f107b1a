"""The reactions of subsidies: input, documents and handler."""

from typing import Any

from chassis.documents import Ref
from chassis.handling import Reaction, Reactions, ignore, on, where
from contracts.intake import (
    ReportAmended,
    ReportCorrected,
    ReportJoined,
    ReportMerged,
    ReportRated,
    ReportRegistered,
    ReportReopened,
    ReportSplit,
    ReportWithdrawn,
)
from subsidies.domain.ledger import RELEASE
from subsidies.handlers.allocate_budget import AllocateBudget, allocate_budget
from subsidies.handlers.annul_decision import AnnulDecision, annul_decision
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    CURRENT,
    DECISIONS,
    DRAFTS,
    LEDGER,
    PACKS,
    PRIVATE,
    REGISTERS,
    application_of,
    decision_of,
    ledger_id,
    private_of,
)
from subsidies.handlers.load_pack import LoadPack, load_pack
from subsidies.handlers.open_application import asks_for_contribution, open_application
from subsidies.handlers.publish_measures import PublishMeasures, publish_measures
from subsidies.handlers.save_draft import SaveDraft, save_draft
from subsidies.handlers.submit_application import SubmitApplication, submit_application
from subsidies.handlers.withdraw_application import withdraw_application

SUBSCRIBES = ("intake.reports",)


def _submission(command: SubmitApplication) -> tuple[Ref[Any], ...]:
    """The documents of one decision; `on` is typed for at most four."""
    decision = decision_of(command.application_id)
    return (
        APPLICATIONS[command.application_id],
        DECISIONS[decision],
        BUDGETS[command.budget],
        PACKS[command.pack_hash],
        PRIVATE[command.application_id],
        LEDGER[decision],
        DRAFTS[command.application_id],
    )


def _annulment(command: AnnulDecision) -> tuple[Ref[Any], ...]:
    """The documents of the annulled decision and of the new one."""
    application, annulments = command.application_id, command.annulments
    annulled, decision = decision_of(application, annulments), decision_of(application, annulments + 1)
    return (
        APPLICATIONS[application],
        DECISIONS[annulled],
        DECISIONS[decision],
        BUDGETS[command.released],
        BUDGETS[command.budget],
        PACKS[command.pack_hash],
        PRIVATE[private_of(application, annulments + 1)],
        LEDGER[ledger_id(annulled, RELEASE)],
        LEDGER[decision],
        DRAFTS[application],
    )


REACTIONS = Reactions(
    where(
        asks_for_contribution,
        on(
            ReportRegistered,
            lambda event: (APPLICATIONS[application_of(event.report_id)], REGISTERS[CURRENT]),
            open_application,
        ),
    ),
    on(ReportWithdrawn, lambda event: (APPLICATIONS[application_of(event.report_id)],), withdraw_application),
    # A correction never makes a contribution of a report, nor the reverse.
    ignore(ReportCorrected),
    ignore(ReportAmended, ReportReopened, ReportJoined, ReportMerged, ReportRated, ReportSplit),
    Reaction(SubmitApplication, _submission, submit_application, "submit_application"),
    Reaction(AnnulDecision, _annulment, annul_decision, "annul_decision"),
    on(
        SaveDraft,
        lambda command: (APPLICATIONS[command.application_id], DRAFTS[command.application_id]),
        save_draft,
    ),
    on(LoadPack, lambda command: (PACKS[command.pack.hash],), load_pack),
    on(PublishMeasures, lambda _: (REGISTERS[CURRENT],), publish_measures),
    on(AllocateBudget, lambda command: (BUDGETS[command.code],), allocate_budget),
)
