"""The explanation of a case in Italian."""

from routing.domain.cases import Case
from routing.domain.rules import Held, Reason

REASONS: dict[Reason, str] = {
    Reason.OWNS_NEIGHBOURHOOD: "segue questo quartiere",
    Reason.SUBSTITUTES_OWNER: "sostituisce chi segue questo quartiere",
    Reason.OTHER_NEIGHBOURHOOD: "segue altri quartieri",
    Reason.OWNER_AVAILABLE: "non serve una sostituzione: chi segue il quartiere è disponibile",
    Reason.ABSENT: "è assente in questa data",
    Reason.KIND_NOT_TAKEN: "non si occupa di questo tipo di richiesta",
}

HELD: dict[Held, str] = {
    Held.NOBODY_ELIGIBLE: "Nessuna operatrice e nessun operatore può prenderlo in carico: decide chi coordina.",
    Held.NO_RULE_MATCHES: "Il caso è sospeso: decide chi coordina.",
    Held.UNKNOWN_URGENCY: "La classe di urgenza non è nel calendario: decide chi coordina.",
}

PARTS: dict[str, str] = {
    "category": "la categoria è un'altra",
    "kind": "il tipo di richiesta è un altro",
    "urgency": "la classe di urgenza è un'altra",
    "neighbourhood": "il quartiere è un altro",
    "province": "la provincia è un'altra",
    "has-operator": "vale per quartieri diversi quanto alla presenza di un'operatrice o un operatore",
}


def explain(case: Case) -> list[str]:
    """The sentences that explain a case: the rule that decided, the operators considered, the rules that did not apply."""
    sentences = [f"Ha deciso la regola «{case.rule}» (versione {case.rules_version}): {case.why}"]
    if case.held is not None:
        sentences.append(HELD[case.held])
    for candidate in case.candidates:
        reasons = "; ".join(REASONS[reason] for reason in candidate.reasons)
        sentences.append(
            f"{candidate.name} {'può' if candidate.eligible else 'non può'} prenderlo in carico: {reasons}."
        )
    sentences += [
        f"La regola «{passed.rule}» non si applica: {PARTS[passed.failing]}." for passed in case.passed_over
    ]
    if case.overdue_at_opening:
        sentences.append(
            "Almeno una scadenza era già passata all'apertura: non parte alcun sollecito per essa."
        )
    return sentences
