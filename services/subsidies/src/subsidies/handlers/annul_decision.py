"""Annuls a decision of the agency and takes a new one on corrected data (art. 21-nonies L. 241/1990)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chassis.documents import Put
from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from subsidies.domain.applications import Application
from subsidies.domain.budgets import Budget
from subsidies.domain.days import day_in_italy
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Outcome
from subsidies.domain.ledger import LedgerEntry, release, reservation
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import PackText
from subsidies.domain.procedure import Correction, Procedure, annulment_of
from subsidies.handlers.announce_decision import announce_correction
from subsidies.handlers.check_application import check_annulment, check_facts, in_force
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
class AnnulDecision(DecisionCommand):
    """Annul the decision that follows `annulments` earlier ones for this reason, and decide anew.

    `released` is the budget from which the annulled decision reserved its money.
    """

    annulments: int
    released: str
    procedure: Procedure
    reason: str
    note: str


def annul_decision(
    command: AnnulDecision,
    application: Application | None,
    annulled: DecisionRecord | None,
    _record: DecisionRecord | None,
    released: Budget | None,
    budget: Budget | None,
    pack: PackText | None,
    _private: Private | None,
    _release: LedgerEntry | None,
    _reservation: LedgerEntry | None,
    draft: Draft | None,
    moment: Moment,
) -> Change:
    """Release the money of the old decision and reserve that of the new one in the same change; nothing old is changed.

    The application counts as submitted on the day of the first decision. Raises Refused when the decision is no longer in
    force, the reason is unknown or its term is over.
    """
    current = in_force(application, command.annulments)
    if annulled is None or released is None or budget is None:
        raise Early(BUDGETS.name, command.budget)
    if pack is None:
        raise Early(PACKS.name, command.pack_hash)
    reason = check_annulment(command.procedure, command.reason, annulled, day_in_italy(moment.now))
    check_facts(parse_pack_text(pack.text), command.facts)
    money = _Money(released, budget).release(annulled)
    annulment = annulment_of(annulled.decision_id, day_in_italy(annulled.decided_at), reason)
    taken = take_decision(
        command,
        replace(current, annulments=current.annulments + 1),
        money.budget,
        pack,
        moment,
        date.fromisoformat(annulled.submitted_on),
        Correction(annulment, command.note),
    )
    return _change(command, current, annulled, taken, money.reserve(taken), budget, without_draft(draft))


@dataclass(frozen=True)
class _Money:
    """The budget of the annulled decision and that of the new one, which are usually the same."""

    released: Budget
    budget: Budget

    def release(self, annulled: DecisionRecord) -> "_Money":
        if not annulled.amount_cents:
            return self
        if self.released.reserved_cents < annulled.amount_cents:
            raise Refused(
                "grant-paid",
                "The money of this decision is no longer reserved: it was paid.",
                fix="Recover the amount first.",
            )
        after = self.released.release(annulled.amount_cents)
        return _Money(after, after if after.code == self.budget.code else self.budget)

    def reserve(self, record: DecisionRecord) -> "_Money":
        if record.outcome is not Outcome.GRANTED:
            return self
        after = self.budget.reserve(record.amount_cents)
        return _Money(after if after.code == self.released.code else self.released, after)

    def write(self) -> list[Put[Any]]:
        return [BUDGETS.put(one) for one in {one.code: one for one in (self.released, self.budget)}.values()]


def _change(
    command: AnnulDecision,
    current: Application,
    annulled: DecisionRecord,
    record: DecisionRecord,
    money: _Money,
    before: Budget,
    more: list[Put[Any]],
) -> Change:
    application = replace(decided(current, record), annulments=current.annulments + 1)
    write: list[Put[Any]] = [
        APPLICATIONS.put(application),
        PRIVATE.put(Private(command.application_id, command.sealed, record.decision_id)),
        DECISIONS.put(record),
        *more,
    ]
    if annulled.amount_cents:
        write.append(LEDGER.put(release(annulled, record.decided_at)))
    if record.amount_cents:
        write.append(LEDGER.put(reservation(record)))
    if annulled.amount_cents or record.amount_cents:
        write += money.write()
    events = announce_correction(application, annulled, record, before, money.budget)
    return Change(write=write, events=tuple(events), answer=answer_of(record))
