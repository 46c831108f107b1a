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


CORRECTED = {
    "wrong-category": "la voce non era quella giusta",
    "wrong-place": "il luogo non era quello giusto",
    "more-known": "adesso se ne sa di più",
    "other": "per un altro motivo",
}


def explain(case: Case) -> list[str]:
    """The sentences that explain a case: what decided, the operators considered, and late dates."""
    sentences = [f"Perché {case.why.removeprefix('perché ')}"]
    if case.held is not None:
        sentences.append(HELD[case.held])
    for candidate in case.candidates:
        reasons = "; ".join(REASONS[reason] for reason in candidate.reasons)
        sentences.append(
            f"{candidate.name} {'può' if candidate.eligible else 'non può'} prenderlo in carico: {reasons}."
        )
    if case.raised_by is not None:
        sentences.append(f"È diventato più urgente perché {case.raised_by.removeprefix('perché ')}")
    if case.corrected:
        last = case.corrected[-1]
        reason = CORRECTED.get(last.reason, CORRECTED["other"])
        sentences.append(
            f"L'ufficio ha corretto la segnalazione ({reason}): si decide su quello che dice adesso."
        )
    if case.overdue_at_opening:
        sentences.append(
            "Almeno una scadenza era già passata all'apertura: non parte alcun sollecito per essa."
        )
    return sentences
