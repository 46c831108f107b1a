"""The officer: an application from the queue to the decision, and its lawful correction."""

from datetime import UTC, datetime

from tests.journeys.registry import journey
from tests.journeys.staff import BRUNO
from tests.journeys.tenant import registered
from tests.journeys.walk import DESKTOP, Walk, World

WORDS = "Non riesco a pagare l'affitto."
DATA = {
    "members": "3",
    "minors": "1",
    "children": "1",
    "assigned_on": "10/05/2019",
    "reference_services": "900,00",
    "arrears-0-month": "03/2025",
    "arrears-0-euro": "1.234,56",
    "protocol": "INPS-ISEE-2026-00000001X-00",
    "issued_on": "10/01/2026",
    "expires_on": f"31/12/{datetime.now(UTC):%Y}",
    "scale": "2,04",
    "isee": "7.200,00",
}


@journey("officer")
def decide_and_correct_a_contribution(world: World) -> None:
    """Sees a contribution's outcome before deciding, decides it wrong by a cent, and corrects it by law."""
    contribution(world)
    walk = world.walk(screen=DESKTOP).log_in(*BRUNO, "/contributi").sees("Domande di contributo")
    open_the_newest(walk).follow("Inserisci i dati").press("Vedi l'esito prima di decidere").sees(
        "Controlli questi punti"
    )
    fill_in(walk, patrimony="26.200,01").press("Vedi l'esito prima di decidere")
    walk.sees("Non accolta", "Il patrimonio 26.200,01 € supera la soglia del nucleo, 26.200,00 €.")
    walk.press("Sì, decidi").sees("Fatto: la decisione è presa.", "entro 60 giorni")

    walk.follow("Correggi").tick("reason").fill("note", "Il patrimonio era stato copiato male.")
    walk.fill("patrimony", "26.200,00").press("Vedi la nuova decisione prima di confermare")
    walk.sees("Accolta: contributo di 2.134,56 €.")
    walk.press("Sì, annulla e decidi di nuovo").sees("annullata e questa la sostituisce", "2.134,56")
    walk.follow("Decisione 1 del").sees("annullata d'ufficio e sostituita", "Non accolta")


@journey("officer")
def read_the_lists_of_contributions(world: World) -> None:
    """Reads contributions by filter, the budgets and the waiting list."""
    walk = world.walk(screen=DESKTOP).log_in(*BRUNO, "/contributi")
    walk.choose("stato", "decise").press("Filtra").sees("domande")
    walk.open("/contributi/bilanci").sees("Stanziato", "Impegnato", "Resta")
    walk.open("/contributi/attesa").sees("Lista d'attesa")


def contribution(world: World) -> None:
    """A tenant asks for a contribution to the rent."""
    registered(world, WORDS, "contributo-affitto")


def open_the_newest(walk: Walk) -> Walk:
    """The application of the report that was just sent, once it has arrived."""
    walk.open("/contributi?ordine=-entro")
    newest = walk.all("tbody th a")
    walk.wait_for(lambda: newest.count() or not walk.page.reload(), "an application")
    return walk.follow(newest.first.inner_text()).sees(WORDS, "Inserisci i dati")


def fill_in(walk: Walk, **more: str) -> Walk:
    """Enters the data of the application, and more."""
    for name, text in {**DATA, **more}.items():
        walk.fill(name, text)
    for name in ("kind", "attestation_kind", "anomalies"):
        walk.tick(name)
    return walk.choose("province", "bergamo").choose("area", "protezione")
