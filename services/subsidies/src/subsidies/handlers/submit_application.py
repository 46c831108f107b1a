"""An officer enters an application's data, and it is decided at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chassis.documents import Put
from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from chassis.sealing import Sealed
from contracts.base import Event
from contracts.subsidies import (
    ApplicationSubmitted,
    BudgetExhausted,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from subsidies.domain.budget import Budget
from subsidies.domain.days import day_in_italy
from subsidies.domain.decision import Circumstances, Decision, Outcome
from subsidies.domain.facts import Facts
from subsidies.domain.pack import KINDS, Pack
from subsidies.domain.scale import base_hundredths
from subsidies.domain.words import rule_text
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    DECISIONS,
    LEDGER,
    PACKS,
    PRIVATE,
    Application,
    DecisionRecord,
    LedgerEntry,
    PackText,
    Private,
    Reason,
    Status,
    decision_of,
)
from subsidies.handlers.replay import decide_explained, digest_of, pack_of


@dataclass(frozen=True)
class SubmitApplication:
    """Decide an application on these facts; the door has found the measure, its pack and the province's budget."""

    application_id: str
    measure: str
    notice_on: str
    pack_hash: str
    budget: str
    facts: Facts
    sealed: Sealed
    salt: str


def submit_application(
    command: SubmitApplication,
    application: Application | None,
    record: DecisionRecord | None,
    budget: Budget | None,
    pack: PackText | None,
    _private: Private | None,
    _entry: LedgerEntry | None,
    moment: Moment,
) -> Change:
    """Decide once and reserve the money in the same change; the same data again get the same answer."""
    if record is not None and record.cause == moment.cause:
        return Change(answer=answer_of(record))
    waiting = _waiting(application)
    if budget is None:
        raise Early(BUDGETS.name, command.budget)
    if pack is None:
        raise Early(PACKS.name, command.pack_hash)
    _check_against(pack_of(pack.text), command.facts)
    at = _circumstances(command, budget, moment)
    decision, explanation = decide_explained(pack.text, command.facts, at)
    taken = _record(command, decision, at, pack, digest_of(explanation, command.salt), moment)
    return _change(command, replace(waiting, measure=command.measure), taken, budget)


def answer_of(record: DecisionRecord) -> dict[str, Any]:
    """What the officer is told: the outcome and each rule's part in it."""
    reasons = [
        {
            "code": reason.code,
            "comparator": reason.comparator,
            "threshold": reason.threshold,
            "outcome": reason.outcome,
            "legal": reason.legal,
        }
        for reason in record.reasons
    ]
    return {
        "application_id": record.application_id,
        "decision_id": record.decision_id,
        "outcome": record.outcome.value,
        "amount_cents": record.amount_cents,
        "partial": record.partial,
        "reasons": reasons,
    }


def _waiting(application: Application | None) -> Application:
    if application is None:
        raise Refused("unknown-application", "There is no application with this id.", 404, "application_id")
    if application.status is Status.DECIDED:
        raise Refused(
            "already-decided",
            "This application is decided, on other data than these.",
            fix="Read its decision; what is decided can only be challenged or revoked.",
        )
    if application.status is Status.WITHDRAWN:
        raise Refused("application-withdrawn", "Whoever applied has taken the application back.")
    return application


def _check_against(pack: Pack, facts: Facts) -> None:
    tracks = [track.code for track in pack.tracks]
    if facts.track is not None and facts.track not in tracks:
        raise Refused(
            "unknown-track",
            "The measure has no such track.",
            422,
            "track",
            f"Write one of {', '.join(tracks)}.",
        )
    least = base_hundredths(pack.scale, facts.household.members)
    if facts.attestation.se_hundredths < least:
        raise Refused(
            "scale-too-low",
            f"A household of {facts.household.members} has a scale of at least {least} hundredths.",
            422,
            "attestation.se_hundredths",
            "Write the attested scale times 100, or correct household.members.",
        )


def _circumstances(command: SubmitApplication, budget: Budget, moment: Moment) -> Circumstances:
    return Circumstances(
        measure=command.measure,
        budget=budget.code,
        pack_hash=command.pack_hash,
        notice_on=date.fromisoformat(command.notice_on),
        submitted_on=day_in_italy(moment.now),
        available_cents=budget.available_cents,
    )


def _record(
    command: SubmitApplication,
    decision: Decision,
    at: Circumstances,
    pack: PackText,
    digest: str,
    moment: Moment,
) -> DecisionRecord:
    return DecisionRecord(
        decision_id=decision_of(command.application_id),
        application_id=command.application_id,
        cause=moment.cause,
        measure=at.measure,
        budget=at.budget,
        pack=pack.id,
        pack_hash=pack.hash,
        track=decision.assessment.track.code,
        notice_on=at.notice_on.isoformat(),
        submitted_on=at.submitted_on.isoformat(),
        available_cents=at.available_cents,
        outcome=decision.outcome,
        amount_cents=decision.amount_cents,
        partial=decision.partial,
        reasons=reasons_of(decision),
        digest=digest,
        decided_at=moment.now,
    )


def reasons_of(decision: Decision) -> tuple[Reason, ...]:
    """Each condition's rule and outcome, without the values."""
    return tuple(
        Reason(
            code=finding.predicate.code,
            comparator=finding.predicate.test.comparator.value,
            threshold=rule_text(
                finding.predicate.test.comparator,
                finding.predicate.test.threshold,
                KINDS[finding.predicate.test.value],
            ),
            outcome=finding.result.value,
            legal=finding.predicate.legal,
        )
        for finding in decision.assessment.findings
    )


def _change(
    command: SubmitApplication, waiting: Application, record: DecisionRecord, budget: Budget
) -> Change:
    decided = replace(
        waiting,
        status=Status.DECIDED,
        outcome=record.outcome,
        budget=record.budget,
        amount_cents=record.amount_cents,
        partial=record.partial,
        decision_id=record.decision_id,
        decided_at=record.decided_at,
    )
    write: list[Put[Any]] = [
        APPLICATIONS.put(decided),
        PRIVATE.put(Private(command.application_id, command.sealed)),
        DECISIONS.put(record),
    ]
    say: list[Event] = [_submitted(decided), _decided(decided, record)]
    if record.outcome is Outcome.GRANTED:
        left = budget.reserve(record.amount_cents)
        write += [BUDGETS.put(left), LEDGER.put(_reserved(record))]
        say += _exhausted(left)
    return Change(write=write, events=say, answer=answer_of(record))


def _submitted(application: Application) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        application_id=application.application_id,
        report_id=application.report_id,
        measure=application.measure,
    )


def _decided(application: Application, record: DecisionRecord) -> Event:
    said: dict[str, Any] = {
        "application_id": application.application_id,
        "report_id": application.report_id,
        "measure": record.measure,
        "decision_id": record.decision_id,
        "pack": record.pack,
        "pack_hash": record.pack_hash[:16],
    }
    match record.outcome:
        case Outcome.GRANTED:
            money = {"amount_cents": record.amount_cents, "partial": record.partial}
            return SubsidyGranted(budget=record.budget, **said, **money)
        case Outcome.WAITLISTED:
            return SubsidyWaitlisted(budget=record.budget, **said)
        case Outcome.REFUSED:
            return SubsidyRefused(**said)


def _reserved(record: DecisionRecord) -> LedgerEntry:
    return LedgerEntry(
        record.decision_id,
        record.application_id,
        record.budget,
        "reserve",
        record.amount_cents,
        record.decided_at,
    )


def _exhausted(left: Budget) -> Sequence[Event]:
    if left.available_cents:
        return ()
    return (BudgetExhausted(budget=left.code, measure=left.measure, allocated_cents=left.allocated_cents),)
