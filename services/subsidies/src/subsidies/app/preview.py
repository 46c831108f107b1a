"""Shows what would be decided on the entered data, with each condition and amount; nothing is decided or stored."""

from dataclasses import dataclass
from typing import Any

from chassis.errors import Refused
from subsidies.app.application_data import ApplicationData
from subsidies.app.basis import Basis, basis_of
from subsidies.app.desk import Desk
from subsidies.app.reproduce_decision import reproduce_decision
from subsidies.domain.budgets import Budget
from subsidies.domain.canonical import canonical
from subsidies.domain.days import day_in_italy
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Circumstances
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import PackText
from subsidies.domain.procedure import Correction, annulment_of
from subsidies.domain.reproduction import content_of, decide_explained, disposition_of
from subsidies.handlers.check_application import check_annulment, check_facts, in_force, known, undecided
from subsidies.handlers.documents import APPLICATIONS, BUDGETS, DECISIONS, PACKS, decision_of


@dataclass(frozen=True)
class CorrectionRequest:
    """The reason for which an officer annuls the decision in force, and a note on it in words."""

    reason: str
    note: str


@dataclass(frozen=True)
class Preview:
    """What would be decided; `fingerprint` is a keyed hash of all of it that an officer confirms."""

    basis: Basis
    explanation: dict[str, Any]
    fingerprint: str
    annulled: DecisionRecord | None = None


async def preview_decision(desk: Desk, application_id: str, data: ApplicationData) -> Preview:
    """What these data would decide today; raises Refused as the decision itself would."""
    basis = await basis_of(desk.context, application_id, data)
    undecided(basis.application)
    pack, budget = await _rules_and_money(desk, basis)
    today = day_in_italy(desk.context.clock())
    explanation = _explain(basis, pack, budget.available_cents, today.isoformat())
    return Preview(basis, explanation, _fingerprint(desk, explanation))


async def preview_correction(
    desk: Desk, application_id: str, data: ApplicationData, request: CorrectionRequest
) -> Preview:
    """What would replace the decision in force, and the release of its money counted in.

    Raises Refused as the annulment itself would, and when the new decision would grant or refuse the same as the old one
    (art. 21-octies c. 2 L. 241/1990).
    """
    basis = await basis_of(desk.context, application_id, data)
    annulled = await decision_in_force(desk, application_id)
    today = day_in_italy(desk.context.clock())
    reason = check_annulment(desk.procedure, request.reason, annulled, today)
    annulment = annulment_of(annulled.decision_id, day_in_italy(annulled.decided_at), reason)
    pack, budget = await _rules_and_money(desk, basis)
    released = annulled.amount_cents if annulled.budget == budget.code else 0
    explanation = _explain(
        basis,
        pack,
        budget.available_cents + released,
        annulled.submitted_on,
        Correction(annulment, request.note),
    )
    await _refuse_same_disposition(desk, application_id, explanation)
    return Preview(basis, explanation, _fingerprint(desk, explanation), annulled)


async def decision_in_force(desk: Desk, application_id: str) -> DecisionRecord:
    """The record of the decision in force; raises Refused 404 or 409 when the application is not decided."""
    stored = await desk.context.load(APPLICATIONS, application_id)
    application = in_force(stored, known(stored).annulments)
    record = await desk.context.load(DECISIONS, decision_of(application_id, application.annulments))
    if record is None:
        raise Refused("no-decision", "This application is not decided.", 404)
    return record


async def _rules_and_money(desk: Desk, basis: Basis) -> tuple[PackText, Budget]:
    pack = await desk.context.load(PACKS, basis.measure.pack)
    budget = await desk.context.load(BUDGETS, basis.budget)
    if pack is None or budget is None:
        raise Refused("not-yet", "The rules or the budget are not loaded yet.", fix="Try again in a minute.")
    check_facts(parse_pack_text(pack.text), basis.data.facts())
    return pack, budget


def _explain(
    basis: Basis,
    pack: PackText,
    available_cents: int,
    submitted_on: str,
    correction: Correction | None = None,
) -> dict[str, Any]:
    at = Circumstances.of(
        measure=basis.measure.code,
        budget=basis.budget,
        pack_hash=pack.hash,
        notice_on=basis.measure.notice_on,
        submitted_on=submitted_on,
        available_cents=available_cents,
    )
    return decide_explained(pack.text, basis.data.facts(), at, correction)[1]


def _fingerprint(desk: Desk, explanation: dict[str, Any]) -> str:
    return desk.encryption.keyed_hash(canonical(content_of(explanation)))


async def _refuse_same_disposition(desk: Desk, application_id: str, explanation: dict[str, Any]) -> None:
    current = await reproduce_decision(desk.context, desk.encryption, application_id)
    if current.explanation is not None and disposition_of(current.explanation) == disposition_of(explanation):
        raise Refused(
            "same-disposition",
            "The new decision would grant or refuse exactly the same (art. 21-octies c. 2 L. 241/1990).",
            fix="Change the data that were wrong, or leave the decision as it is.",
        )
