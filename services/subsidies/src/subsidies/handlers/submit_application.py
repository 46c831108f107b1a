"""Decides an application on the data that an officer has entered."""

from dataclasses import dataclass
from typing import Any

from chassis.documents import Put
from chassis.errors import Early
from chassis.handling import Change, Moment
from subsidies.domain.applications import Application
from subsidies.domain.budgets import Budget
from subsidies.domain.days import day_in_italy
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Outcome
from subsidies.domain.ledger import LedgerEntry, reservation
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import PackText
from subsidies.handlers.announce_decision import announce_decision
from subsidies.handlers.check_application import check_facts, undecided
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    DECISIONS,
    LEDGER,
    PACKS,
    PRIVATE,
    Draft,
    Private,
)
from subsidies.handlers.take_decision import (
    DecisionCommand,
    answer_of,
    decided,
    take_decision,
    without_draft,
)


@dataclass(frozen=True, kw_only=True)
class SubmitApplication(DecisionCommand):
    """Decide an application on these facts, by this pack and from this budget."""


def submit_application(
    command: SubmitApplication,
    application: Application | None,
    record: DecisionRecord | None,
    budget: Budget | None,
    pack: PackText | None,
    _private: Private | None,
    _entry: LedgerEntry | None,
    draft: Draft | None,
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
    taken = take_decision(command, waiting, budget, pack, moment, day_in_italy(moment.now))
    return _change(command, decided(waiting, taken), taken, budget, without_draft(draft))


def _change(
    command: SubmitApplication,
    application: Application,
    record: DecisionRecord,
    budget: Budget,
    more: list[Put[Any]],
) -> Change:
    write: list[Put[Any]] = [
        APPLICATIONS.put(application),
        PRIVATE.put(Private(command.application_id, command.sealed)),
        DECISIONS.put(record),
        *more,
    ]
    if record.outcome is Outcome.GRANTED:
        budget = budget.reserve(record.amount_cents)
        write += [BUDGETS.put(budget), LEDGER.put(reservation(record))]
    return Change(
        write=write, events=tuple(announce_decision(application, record, budget)), answer=answer_of(record)
    )
