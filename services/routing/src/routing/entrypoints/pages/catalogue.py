"""Italian labels and texts of the staff pages: for codes, notices, errors and times."""

from collections.abc import Mapping
from datetime import datetime

from routing.domain.calendar import ROME

_DAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")

ROUTES: Mapping[str | None, str] = {
    "operator": "Operatore di quartiere",
    "technical-office": "Ufficio tecnico",
    "admin-office": "Ufficio amministrativo",
    "social-services": "Servizi sociali",
    "emergency": "Pronto intervento",
    None: "Nessuno ancora: decide chi coordina",
}
OUTCOMES: Mapping[str, str] = {
    "solved": "Risolto",
    "handed-off": "Passato a chi è competente",
    "unfounded": "Non confermato",
}
URGENCIES: Mapping[str, str] = {
    "e1": "Emergenza",
    "u": "Urgente",
    "n": "Ordinario",
    "a": "Procedimento",
    "s": "Sociale",
}
ERRORS: Mapping[str, str] = {
    "outcome": "Scelga com'è andata a finire.",
    "already-resolved": "Il caso era già chiuso: non c'è altro da fare.",
    "unknown-case": "Questo caso non c'è più nell'elenco.",
    "other": "Non è stato possibile chiudere il caso: guardi di nuovo l'elenco e riprovi.",
}
NOTICES: Mapping[str, tuple[str, str]] = {
    "logged-out": (
        "È uscito",
        "La sessione di Ascolto su questo dispositivo è chiusa: per rientrare serve di nuovo l'accesso.",
    ),
    "not-logged-out": (
        "Non è ancora uscito",
        "Il servizio non risponde: la sessione può essere ancora aperta. Fra qualche secondo torni all'elenco e prema Esci.",
    ),
    "login-unconfirmed": (
        "Accesso da confermare",
        "Non è stato salvato niente: prima va confermato il suo accesso. Prema il pulsante, e nell'elenco rifaccia la scelta.",
    ),
    "not-logged-in": ("Serve l'accesso", "Acceda per vedere questa pagina."),
    "not-allowed": (
        "Pagina riservata",
        "Il suo ruolo non apre questa pagina. Chieda il ruolo a chi li assegna.",
    ),
    "login-not-asked": (
        "Accesso da rifare",
        "L'accesso è scaduto o non è cominciato da qui. Riprovi dall'inizio.",
    ),
    "login-refused": ("Accesso non riuscito", "Chi gestisce le identità non ha confermato l'accesso."),
    "invalid-token": (
        "Accesso non riuscito",
        "La risposta di chi gestisce le identità non è valida. Riprovi.",
    ),
    "unsealed": ("Modulo scaduto", "Per sicurezza torni all'elenco e prema di nuovo il pulsante."),
    "too-many-requests": ("Troppe richieste", "Aspetti qualche secondo e riprovi."),
    "run-open": (
        "C'è già un lavoro in corso",
        "Un altro lavoro dello stesso tipo non è finito. Aspetti che finisca e riprovi.",
    ),
    "run-ended": ("Il lavoro è già finito", "Non c'è niente da fermare o da riprendere."),
    "unknown-run": ("Lavoro non trovato", "Questo lavoro non c'è più. Torni all'elenco."),
    "unavailable": (
        "Torni fra poco",
        "In questo momento il servizio non risponde. Non è stato salvato niente.",
    ),
    "other": ("Non è possibile", "La richiesta non si può soddisfare. Torni all'elenco e riprovi."),
}
PARK_REASONS: Mapping[str, str] = {
    "failed": "Un errore del programma",
    "poison": "Non si riesce a leggere",
    "early": "Aspetta qualcosa che deve ancora arrivare",
    "behind": "Aspetta quello che viene prima",
    "other": "Non è stato trattato",
}
RUN_KINDS: Mapping[str, str] = {
    "replay": "Riprovare quello che è in attesa",
    "discard": "Scartare quello che è in attesa",
    "republish": "Inviare di nuovo",
}
RUN_STATES: Mapping[str, str] = {
    "waiting": "Deve ancora cominciare",
    "running": "In corso",
    "done": "Finito",
    "cancelled": "Fermato",
    "failed": "Non riuscito",
}
RUN_EVENTS: Mapping[str, str] = {
    "asked": "chiesto",
    "done": "finito",
    "cancelled": "fermato",
    "failed": "non riuscito",
    "resumed": "ripreso",
}
RUN_COUNTS: Mapping[str, str] = {
    "handled": "trattati",
    "still-parked": "ancora in attesa",
    "discarded": "scartati",
    "republished": "inviati di nuovo",
    "not-sent-yet": "da inviare ancora la prima volta",
}
# Content, service and name of the seed files of the other services.
OTHER_FILES: tuple[tuple[str, str, str], ...] = (
    ("Luoghi: edifici, scale, quartieri", "intake", "places.yaml"),
    ("Categorie delle segnalazioni e loro urgenza", "intake", "categories.yaml"),
    ("Avvisi aperti e somme stanziate", "subsidies", "measures.yaml"),
    ("Requisiti e calcolo del contributo", "subsidies", "crs-2019.yaml"),
    ("Firma e parole dei messaggi", "notify", "words.yaml"),
)
# Content of routing's own seed files.
REGISTER_FILES: Mapping[str, str] = {
    "operators.yaml": "Operatori",
    "rules.yaml": "Regole di assegnazione",
    "deadlines.yaml": "Termini per urgenza",
    "calendar.yaml": "Festività",
}
# Singular and plural.
_NOUNS: Mapping[str, tuple[str, str]] = {
    "operators": ("operatore", "operatori"),
    "neighbourhoods": ("quartiere", "quartieri"),
    "rules": ("regola", "regole"),
    "urgencies": ("classe di urgenza", "classi di urgenza"),
    "holidays": ("festività", "festività"),
}


def readable(code: str) -> str:
    """A code as text: hyphens become spaces, the first letter a capital."""
    return code.replace("-", " ").capitalize()


def counts_text(counts: Mapping[str, int]) -> str:
    """The counts of a run: `3 trattati, 1 ancora in attesa`."""
    return ", ".join(f"{count} {RUN_COUNTS.get(name, name)}" for name, count in counts.items())


def sizes_text(sizes: Mapping[str, int]) -> str:
    """How many entries a seed file has, by kind: `3 operatori, 1 quartiere`."""
    return ", ".join(f"{size} {_NOUNS[kind][size != 1]}" for kind, size in sizes.items())


def day_text(moment: datetime) -> str:
    """Day and time in Rome: `venerdì 27/11/2026, ore 14:30`."""
    local = moment.astimezone(ROME)
    return f"{_DAYS[local.weekday()]} {local:%d/%m/%Y}, ore {local:%H:%M}"
