"""The requests of `make bench-pages`: every page and every list that reads reports."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from bench.stored_reports import CODES, LATEST, Agency, One
from chassis.ids import derive
from subsidies.handlers.documents import application_of

# What reads no reports, or one document by its id; files; and what another service is asked for first.
_APART = re.compile(
    r".*(/static/|/accesso|/modulo/|/foto/|/foglio).*|/(campo|lingua|kit|punti-di-ascolto|privacy|accessibilita)?(/.*)?"
    r"|/segnala(/.*)?|/segnalazioni/elenco.csv|/v1/sessions/.*|/v1/reports/.*/photos/.*|/v1/(categories|places|budgets)"
    r"|/open311/(v2/)?(discovery.*|services.*|tokens/.*|\{rest.*)|/sistema.*|.*/assenze.*|.*/impostazioni|.*/bilanci|.*/modelli"
    r"|.*/(dati|anteprima|annulla|decisions?|decisione|rinvio)(/.*)?|/stato/contributo|/messaggi/persona/.*"
)


@dataclass(frozen=True)
class Asked:
    """A request: its name here, its path, who asks, and the status of the answer that is measured.

    A `full` one lists what a thousand reports have few of, and looks at the latest ones only: it is compared with itself among a
    thousand reports that have as many as it looks at.
    """

    name: str
    path: str
    who: str = ""
    status: int = 200
    full: bool = False


def asked_of(service: str, agency: Agency) -> Sequence[Asked]:
    """The requests to a service."""
    return tuple(_REQUESTS[service](agency))


def covers(asked: Sequence[Asked], route: str) -> bool:
    """Whether one of these requests has this route, or it needs none."""
    shape = re.compile(re.sub(r"\{[^}]*\}", "[^/]+", route))
    return bool(_APART.fullmatch(route)) or any(shape.fullmatch(one.path.partition("?")[0]) for one in asked)


def _latest(agency: Agency, *, public: bool = False, is_open: bool = True, at_least: int = 0) -> One:
    found = (agency.one(number) for number in range(at_least, LATEST))
    return next(one for one in found if one.is_open == is_open and (one.category.is_public or not public))


def _intake(agency: Agency) -> Iterator[Asked]:
    one, shown = (
        _latest(agency),
        next(one for one in map(agency.one, range(0, LATEST, 24)) if one.category.is_public and one.is_open),
    )
    talk = derive(next(o for o in map(agency.one, range(1, LATEST, 6))).id, "talk")
    yield from _public(agency, shown)
    yield from _inbox(agency)
    for name, path in (
        ("report", f"{one.id}"), ("case fragment", f"{one.id}/scheda"), ("correct", f"{one.id}/correggi"),
        ("merge", f"{one.id}/unione"), ("publish", f"{shown.id}/pubblicazione"), ("answer", f"{one.id}/risposta"),
        ("new pin", f"{one.id}/nuovo-pin"), ("readings", f"letture/{one.id}"), ("public texts", "pubbliche"),
        ("waiting", "da-completare"), ("waiting item", f"da-completare/{derive(agency.one(20).id, 'waiting')}"),
        ("places", "luoghi"), ("places found", "luoghi?cerca=monterosso"), ("place", f"luoghi/{one.place.id}"),
        ("new report", "nuova"),
    ):  # fmt: skip
        yield Asked(f"staff: {name}", f"/segnalazioni/{path}", "desk")
    yield Asked("staff: code", f"/segnalazioni/cerca?codice={CODES.code(one.id)}", "desk", 303)
    for name, path in (
        ("list", ""), ("one", f"/{talk}"), ("household", f"/{talk}/famiglia"), ("problem", f"/{talk}/problema"),
        ("appointment", f"/{talk}/appuntamento"), ("receipt", f"/{talk}/foglio"), ("end", f"/{talk}/fine"),
    ):  # fmt: skip
        yield Asked(f"talks: {name}", f"/colloqui{path}", "desk")
    yield Asked("field: day", "/v1/field/day", "desk")
    yield Asked("field: bundle", "/v1/field/bundle", "desk")
    yield from _api(one)


def _public(agency: Agency, shown: One) -> Iterator[Asked]:
    home, since = "/segnalazioni-pubbliche", quote((agency.now - timedelta(days=30)).isoformat())
    area = shown.place.neighbourhood
    yield Asked("status", "/stato/segnalazione", "tenant")
    for name in ("informazioni", "ritiro", "foto"):
        yield Asked(f"status: {name}", f"/stato/{name}", "tenant")
    yield Asked("status: ask", "/stato")
    yield Asked("status: pin lost", "/stato/pin-perso")
    yield Asked("status: reopen", "/stato/riapri", "closed")
    yield Asked("status: rate", "/stato/giudizio", "closed")
    yield Asked("public list", home)
    yield Asked("public list: area", f"{home}?quartiere={area}")
    yield Asked("public list: closed", f"{home}?stato=chiuse")
    yield Asked("public list: topic", f"{home}?argomento={shown.category.code}")
    yield Asked("public list: topic, area", f"{home}?argomento={shown.category.code}&quartiere={area}")
    yield Asked("public list: older", f"{home}?prima={since}")
    yield Asked("public report", f"{home}/{shown.id}")
    yield Asked("statistics", "/statistiche")
    yield Asked("statistics: area", f"/statistiche?quartiere={area}")
    yield Asked("statistics: csv", "/statistiche/dati.csv")
    for name, query in (("", ""), (" open", "status=open&"), (" area", "lat=45.70&long=9.67&radius=500&")):
        yield Asked(f"open311 requests{name}", f"/open311/v2/requests.json?{query}page_size=50")
    yield Asked("open311 request", f"/open311/v2/requests/{shown.id}.json")
    yield Asked("open311 updates", "/open311/v2/servicerequestupdates.json")


def _inbox(agency: Agency) -> Iterator[Asked]:
    words = quote("ascensore fermo")
    day = (agency.now - timedelta(days=60)).strftime("%d/%m/%Y")
    for name, query in (
        ("", ""), (": all", "stato=all"), (": closed", "stato=closed"), (": withdrawn", "stato=withdrawn"),
        (": escalated", "stato=escalated"), (": oldest", "stato=all&ordine=ricevuta"),
        (": area", "quartiere=monterosso"), (": urgency", "urgenza=u"), (": photos", "foto=unreviewed&stato=all"),
        (": until", f"stato=all&al={day}"), (": words", f"parole={words}"),
        (": words, all", f"parole={words}&stato=all"),
        (": one word seldom", f"parole={quote('ascensore lucernario')}&stato=all"),
    ):  # fmt: skip
        full = name.startswith((": words", ": withdrawn"))
        yield Asked(f"inbox{name}", f"/segnalazioni?{query}", "desk", full=full)


def _api(one: One) -> Iterator[Asked]:
    yield Asked("api: status", f"/v1/status/{CODES.code(one.id)}", f"pin:{CODES.pin(one.id)}")
    yield Asked("api: photos", f"/v1/reports/{one.id}/photos", "operator")
    yield Asked("api: sessions", "/v1/sessions", "operator")
    yield Asked("api: contacts", f"/internal/contacts?report_id={one.id}", "service")
    yield Asked("api: names", f"/internal/names?report_id={one.id}", "service")
    yield Asked("api: person", f"/internal/people/{one.id}", "service", full=True)
    yield Asked("api: report", f"/internal/reports/{one.id}", "operator")
    yield Asked("api: duplicates", f"/internal/reports/{one.id}/duplicates", "operator")


def _routing(agency: Agency) -> Iterator[Asked]:
    one, closed = _latest(agency), _latest(agency, is_open=False)
    yield Asked("mine", "/lavoro", "desk")
    yield Asked("mine: today", "/lavoro/oggi", "desk")
    for name, query in (
        ("", ""), (": late", "vista=ritardo"), (": closed", "vista=chiusi"), (": area", "quartiere=monterosso"),
        (": words", "cerca=ascensore"),
    ):  # fmt: skip
        yield Asked(f"board{name}", f"/lavoro/quadro?{query}", "desk")
    yield Asked("case", f"/lavoro/{one.id}", "desk")
    yield Asked("case: close", f"/lavoro/{one.id}/chiudi", "desk")
    yield Asked("case: reopen", f"/lavoro/{closed.id}/riapri", "desk")
    yield Asked("case: assign", f"/lavoro/{one.id}/affida", "desk")
    yield Asked("case: hand off", f"/lavoro/{one.id}/passa", "desk")
    for query in ("", "?status=open", "?status=resolved", "?route=operator"):
        yield Asked(f"api: cases {query}", f"/v1/cases{query}", "operator")
    yield Asked("api: case", f"/v1/cases/{one.id}", "operator")


def _subsidies(agency: Agency) -> Iterator[Asked]:
    one, decided = agency.one(0), agency.one(LATEST - 10)
    for query in ("", "?stato=decided", "?provincia=BG", "?misura=crs-2019"):
        yield Asked(f"queue {query}", f"/contributi{query}", "desk")
    yield Asked("waiting list", "/contributi/attesa", "desk")
    yield Asked("application", f"/contributi/{application_of(one.id)}", "desk")
    for query in ("", "?status=decided", f"?report_id={decided.id}"):
        yield Asked(f"api: applications {query[:18]}", f"/v1/applications{query}", "officer")
    yield Asked("api: application", f"/v1/applications/{application_of(one.id)}", "officer")


def _notify(agency: Agency) -> Iterator[Asked]:
    one = _latest(agency)
    for query in ("", "?stato=sent", "?stato=failed", "?modello=case-resolved"):
        yield Asked(f"log {query}", f"/messaggi{query}", "desk")
    yield Asked("of a case", f"/messaggi/caso/{one.id}", "desk")
    for query in ("", "?status=sent", "?status=failed", f"?report_id={one.id}"):
        yield Asked(f"api: messages {query[:15]}", f"/v1/messages{query}", "operator")


_REQUESTS = {"intake": _intake, "routing": _routing, "subsidies": _subsidies, "notify": _notify}
