"""Decides an application on the data that an officer has entered."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chassis.documents import Put
from chassis.errors import Early
from chassis.handling import Change, Moment
from chassis.sealing import Sealed
from subsidies.domain.applications import Application, Status
from subsidies.domain.budgets import Budget
from subsidies.domain.canonical import digest_of
from subsidies.domain.days import day_in_italy
from subsidies.domain.decision_records import DecisionRecord, record_decision
from subsidies.domain.decisions import Circumstances, Outcome
from subsidies.domain.facts import Facts
from subsidies.domain.ledger import LedgerEntry, reservation
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import PackText
from subsidies.domain.reproduction import decide_explained
from subsidies.handlers.announce_decision import announce_decision
from subsidies.handlers.check_application import check_facts, undecided
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    DECISIONS,
    LEDGER,
    PACKS,
    PRIVATE,
    Private,
    decision_of,
)


@dataclass(frozen=True)
class SubmitApplication:
    """Decide an application on these facts, by this pack and from this budget; `sealed` is the encrypted data."""

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
    """Decide once and reserve the money in the same change; the same command again returns the same answer."""
    if record is not None and record.cause == moment.cause:
        return Change(answer=answer_of(record))
    waiting = undecided(application)
    if budget is None:
        raise Early(BUDGETS.name, command.budget)
    if pack is None:
        raise Early(PACKS.name, command.pack_hash)
    check_facts(parse_pack_text(pack.text), command.facts)
    decided = _decide(command, budget, pack, moment)
    return _change(command, replace(waiting, measure=command.measure), decided, budget)


def answer_of(record: DecisionRecord) -> dict[str, Any]:
    """The answer for the officer: the outcome and the reasons, without personal values."""
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


def _decide(command: SubmitApplication, budget: Budget, pack: PackText, moment: Moment) -> DecisionRecord:
    at = Circumstances(
        measure=command.measure,
        budget=budget.code,
        pack_hash=command.pack_hash,
        notice_on=date.fromisoformat(command.notice_on),
        submitted_on=day_in_italy(moment.now),
        available_cents=budget.available_cents,
    )
    decision, explanation = decide_explained(pack.text, command.facts, at)
    return record_decision(
        decision,
        at,
        pack_id=pack.id,
        decision_id=decision_of(command.application_id),
        application_id=command.application_id,
        cause=moment.cause,
        digest=digest_of(explanation, command.salt),
        decided_at=moment.now,
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
    if record.outcome is Outcome.GRANTED:
        budget = budget.reserve(record.amount_cents)
        write += [BUDGETS.put(budget), LEDGER.put(reservation(record))]
    return Change(
        write=write, events=tuple(announce_decision(decided, record, budget)), answer=answer_of(record)
    )
