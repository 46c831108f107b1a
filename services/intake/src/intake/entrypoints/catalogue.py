"""The catalogue of labels and texts for tenants: Italian, by code."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from chassis.errors import Refused
from intake.domain.categories import Category, Kind
from intake.domain.draft_rules import Fault
from intake.domain.places import Place
from intake.domain.registers import Register
from intake.domain.reports import Status

ROME = ZoneInfo("Europe/Rome")
_MONTHS = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
]

STATUS: Mapping[Status, tuple[str, str]] = {
    Status.REGISTERED: ("Ricevuta", "L'abbiamo ricevuta e stiamo decidendo chi se ne occupa."),
    Status.HELD: (
        "In attesa di assegnazione",
        "Oggi nessuno può prenderla in carico. La persona che coordina il servizio è avvisata.",
    ),
    Status.IN_CHARGE: ("Presa in carico", "Qualcuno se ne sta occupando."),
    Status.ESCALATED: (
        "In ritardo",
        "Una scadenza è passata. La persona che coordina il servizio è avvisata.",
    ),
    Status.CLOSED: ("Chiusa", "La segnalazione è chiusa. Se il problema continua, ne faccia una nuova."),
    Status.WITHDRAWN: ("Ritirata", "La segnalazione è stata ritirata da chi l'aveva fatta."),
}
ROUTES: Mapping[str, str] = {
    "operator": "Operatore di quartiere",
    "technical-office": "Ufficio tecnico",
    "admin-office": "Ufficio amministrativo",
    "social-services": "Servizi sociali",
    "emergency": "Pronto intervento",
}
OUTCOMES: Mapping[str, str] = {
    "solved": "Risolta",
    "handed-off": "Passata a chi è competente",
    "unfounded": "Non confermata",
    "withdrawn": "Ritirata",
}
REASONS: Mapping[str, str] = {
    "solved-itself": "Il problema si è risolto",
    "mistake": "L'ho fatta per errore",
    "other": "Altro motivo",
}
KINDS: Mapping[Kind, str] = {
    Kind.DANGER: "Pericolo",
    Kind.TECHNICAL: "Casa, scale e spazi comuni",
    Kind.ADMINISTRATIVE: "Pratiche e documenti",
    Kind.SOCIAL: "Persone e convivenza",
    Kind.CONTRIBUTION: "Contributi",
}
LANGUAGES: Mapping[str, str] = {
    "it": "Italiano",
    "en": "English",
    "fr": "Français",
    "es": "Español",
    "ro": "Română",
    "uk": "Українська",
    "ar": "العربية",
    "zh": "中文",
}
FAULTS: Mapping[str, str] = {
    "unknown-category": "Scelga dall'elenco di che cosa si tratta.",
    "unknown-place": "Scelga il luogo dall'elenco.",
    "description-missing": "Scriva che cosa succede.",
    "description-too-long": "Il testo è troppo lungo: lo accorci a 4000 caratteri al massimo.",
    "unreadable-text": "Il testo ha caratteri che non possiamo conservare: li tolga e invii di nuovo.",
    "contact-name": "Scriva il nome con lettere, 120 caratteri al massimo.",
    "contact-email": "Scriva l'indirizzo e-mail per intero, come nome@example.org.",
    "contact-phone": "Scriva il numero di telefono con cifre e spazi, come 035 000000.",
    "unknown-language": "Scelga la lingua dall'elenco.",
    "id-reused": "Da questa pagina ha già inviato un'altra segnalazione. Per inviare anche questa prema di nuovo Invia.",
    "no-such-report": "Non c'è una segnalazione con questo codice e questo PIN. Li ricopi come sono scritti sulla ricevuta.",
    "too-many-attempts": "Sono stati provati troppi PIN sbagliati, forse da altre persone.",
    "report-closed": "La segnalazione è già chiusa e non si può più ritirare.",
    "unavailable": "In questo momento non riusciamo a salvare. Quello che ha scritto è ancora qui: riprovi fra un minuto.",
    "unsealed": "Per sicurezza prema di nuovo il pulsante: quello che ha scritto è ancora qui. Se non basta, accetti i cookie di questo sito.",
    "other": "Non possiamo accettare questo dato: lo controlli e riprovi.",
}
MISSING: Mapping[str, str] = {
    "code": "Scriva il codice che è sulla ricevuta.",
    "pin": "Scriva il PIN che è sulla ricevuta.",
}
_FIELDS = {"contact.name": "name", "contact.email": "email", "contact.phone": "phone"}


def fault_text(fault: Fault) -> tuple[str, str]:
    """The form field of a fault and the text beside it."""
    text = fault.detail if fault.slug == "call-112" else FAULTS.get(fault.slug, FAULTS["other"])
    return _FIELDS.get(fault.field, fault.field), text


def refusal_text(refused: Refused) -> str:
    """The text beside the form that asks for code and PIN."""
    text = FAULTS.get(refused.slug, FAULTS["other"])
    wait = (refused.headers or {}).get("Retry-After")
    if wait is None:
        return text
    when = f"Riprovi fra {wait_text(int(wait))}, o usi il telefono o computer con cui ha già visto la segnalazione."
    return f"{text} {when} Se ha fretta telefoni o venga al punto di ascolto."


def wait_text(seconds: int) -> str:
    """A duration in words, rounded up: un minuto, 15 minuti, un'ora, 6 ore."""
    minutes = max(1, -(-seconds // 60))
    if minutes < 60:
        return "un minuto" if minutes == 1 else f"{minutes} minuti"
    hours = -(-minutes // 60)
    return "un'ora" if hours == 1 else f"{hours} ore"


def moment_text(moment: datetime) -> str:
    """A moment in Italian local time: 5 novembre 2026, ore 14:30."""
    local = moment.astimezone(ROME)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, ore {local:%H:%M}"


def day_text(moment: datetime) -> str:
    """A day in Italian local time: 5 novembre 2026."""
    return moment_text(moment).partition(",")[0]


def grouped_categories(register: Register) -> list[tuple[str, list[Category]]]:
    """The categories with the label of their kind, dangers first."""
    return [
        (label, [category for category in register.categories if category.kind is kind])
        for kind, label in KINDS.items()
    ]


def grouped_places(register: Register) -> list[tuple[str, list[Place]]]:
    """The places with the label of their neighbourhood, in the order of the register."""
    groups: dict[str, list[Place]] = {}
    for place in register.places:
        groups.setdefault(f"{place.neighbourhood_label} ({place.province_label})", []).append(place)
    return list(groups.items())
