"""The Italian texts of decisions: amounts, days, rules, reasons and remedies."""

from datetime import date

from subsidies.domain.assessment import ConditionResult, Finding
from subsidies.domain.decisions import Decision, Outcome
from subsidies.domain.expressions import KINDS, Comparator, Kind, PatrimonyScale, SameAs, Threshold
from subsidies.domain.facts import Value
from subsidies.domain.packs import Pack
from subsidies.domain.procedure import Correction

CHARGES = {"services": "servizi a rimborso", "rent": "canone", "arrears": "morosità pregressa"}
SIGNS = {Comparator.LE: "≤", Comparator.LT: "<", Comparator.GE: "≥", Comparator.GT: ">"}


def money(cents: int) -> str:
    """An amount in Italian format: 9.360,00 €."""
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d} €"


def scale_text(hundredths: int) -> str:
    """An equivalence scale in Italian format: 2,46."""
    return f"{hundredths // 100},{hundredths % 100:02d}"


def value_text(value: Value | None, kind: Kind) -> str:
    """A value or a limit in the format of its kind."""
    match value:
        case None:
            return ""
        case bool():
            return "sì" if value else "no"
        case int():
            return {Kind.CENTS: money(value), Kind.MONTHS: f"{value} mesi"}.get(kind, str(value))
        case date():
            return value.strftime("%d/%m/%Y")
        case tuple():
            return ", ".join(value) or "nessuno"
        case _:
            return value


def rule_text(comparator: Comparator, threshold: Threshold, kind: Kind) -> str:
    """The threshold as the rule states it; it reveals nothing about a household."""
    sign = SIGNS.get(comparator, str(comparator))
    match threshold:
        case SameAs(value):
            return f"{sign} {value}"
        case PatrimonyScale(one, base, per_pse):
            return f"{sign} {money(one)} (1) / {money(base)} + {money(per_pse)} × PSE"
        case _:
            return f"{sign} {value_text(threshold, kind)}".strip()


def finding_text(finding: Finding) -> str:
    """One condition and its result, as a sentence with its legal reference."""
    predicate, kind = finding.predicate, KINDS[finding.predicate.test.value]
    if finding.result is ConditionResult.NOT_APPLICABLE:
        return f"Condizione che non riguarda questa domanda ({predicate.legal})."
    template = predicate.pass_text if finding.result is ConditionResult.PASS else predicate.fail_text
    text = template.replace("{limit}", value_text(finding.limit, kind)).replace(
        "{value}", value_text(finding.value, kind)
    )
    return f"{text} ({predicate.legal})"


def line_text(charge: str, cents: int) -> str:
    """One line of the contribution: its charge and its amount."""
    name, _, period = charge.partition(":")
    return f"{CHARGES.get(name, name)}{f' {period}' if period else ''}: {money(cents)}"


def decision_text(pack: Pack, decision: Decision) -> str:
    """The decision in plain Italian: outcome, reasons, paid lines and remedies (art. 3 L. 241/1990)."""
    failed = [one for one in decision.assessment.findings if one.result is ConditionResult.FAIL]
    shown = failed or decision.assessment.findings
    reasons = [f"- {finding_text(one)}" for one in shown if one.result is not ConditionResult.NOT_APPLICABLE]
    paid = [f"- {line_text(line.charge, line.cents)}" for line in decision.lines]
    sums = ["Il contributo è accreditato sul conto dell'alloggio, in quest'ordine:", *paid] if paid else []
    return "\n".join(
        [
            f"{pack.title} — {pack.legal}",
            _outcome_text(decision),
            "Motivi:",
            *reasons,
            *sums,
            *appeal_text(pack),
        ]
    )


def correction_text(correction: Correction) -> str:
    """The annulment of the earlier decision in plain Italian, with its reason and the officer's reasons."""
    annulment = correction.annulment
    day = value_text(date.fromisoformat(annulment.decided_on), Kind.DATE)
    return "\n".join(
        [
            f"Questa decisione annulla d'ufficio e sostituisce quella del {day}.",
            f"{annulment.text} ({annulment.legal})",
            f"Motivazione: {correction.note}",
        ]
    )


def appeal_text(pack: Pack) -> list[str]:
    """The authority and the term of every remedy (art. 3 c. 4 L. 241/1990)."""
    return ["Contro questa decisione si può presentare:"] + [
        f"- {remedy.authority}, entro {remedy.days} giorni ({remedy.legal})" for remedy in pack.remedies
    ]


def _outcome_text(decision: Decision) -> str:
    due = decision.assessment.entitlement.due_cents
    match decision.outcome:
        case Outcome.REFUSED:
            return "La domanda non può essere accolta."
        case Outcome.WAITLISTED:
            return (
                f"La domanda soddisfa le condizioni per {money(due)}, ma il fondo è esaurito: "
                "è inserita in lista d'attesa."
            )
        case Outcome.GRANTED if decision.partial:
            return (
                f"La domanda è accolta in parte: {money(decision.amount_cents)} su {money(due)} spettanti, "
                "perché il fondo si è esaurito."
            )
        case Outcome.GRANTED:
            return f"La domanda è accolta: contributo di {money(decision.amount_cents)}."
