"""Staff by keyboard alone: a case from the search to the answer that the tenant reads, a case given away, a preview."""

from tests.journeys.officer import contribution, fill_in, open_the_newest
from tests.journeys.registry import journey
from tests.journeys.staff import ADA, BRUNO, CARLA, case_of
from tests.journeys.tenant import registered, status
from tests.journeys.walk import DESKTOP, Walk, World

ANSWER = "Il tecnico ha cambiato la serratura: le chiavi nuove sono al punto di ascolto."
# What the confirmation says when the time to undo a closing is short enough to wait for its end.
SOON = "fra un minuto"


@journey("operator")
def close_and_reopen_by_keyboard(world: World) -> None:
    """With the keyboard alone answers and closes a case, and reopens it; the tenant reads the answer, then that it goes on."""
    slip = registered(world, "La serratura del portone è rotta.", "cancello")
    tenant = status(world.walk(), slip).sees_not("Chiusa", ANSWER)
    walk = world.walk(screen=DESKTOP, keyboard=True).log_in(*ADA, "/lavoro")
    case_of(walk, slip)
    is_soon = _close(walk)
    if not is_soon:
        print("       the closing is not waited for: start routing with ROUTING_UNDO_SECONDS=8")
        return
    tenant.until("Chiusa").sees(ANSWER, "La nostra risposta")
    walk.until("Riapri il caso").follow("Riapri il caso").sees(
        "Riaprire questo caso?", "I termini ripartono da oggi"
    )
    walk.press("Sì, riapri questo caso").sees("è riaperto", "Rispondi e chiudi")
    tenant.until("Riaperta").sees("Presa in carico", "La risposta entro").sees_not(
        "Faccia una nuova segnalazione"
    )


def _close(walk: Walk) -> bool:
    """Closes the case of this page with an answer; says whether that takes effect soon."""
    walk.follow("Rispondi e chiudi").pick("esito", "solved").press("Avanti").sees("Chiudere questo caso?")
    walk.follow("Scriva o rilegga la risposta").fill("risposta", ANSWER).press("Salvi la risposta e continui")
    is_soon = SOON in walk.sees("Chiudere questo caso?").text
    walk.press("Sì, chiudi questo caso").sees("sta per chiudersi", "Annulla la chiusura")
    return is_soon


@journey("coordinator")
def reassign_by_keyboard(world: World) -> None:
    """With the keyboard alone gives a case to somebody else, with a reason."""
    slip = registered(world, "Vorrei parlare con qualcuno.", "isolamento")
    walk = world.walk(screen=DESKTOP, keyboard=True).log_in(*CARLA, "/lavoro/quadro")
    case_of(walk, slip).follow("Affida a un'altra persona").press("Affida il caso").sees(
        "Controlli questi punti"
    )
    walk.pick_first("a").choose("motivo", "workload").press("Affida il caso").sees(
        "è affidato a un'altra persona"
    )


@journey("officer")
def preview_by_keyboard(world: World) -> None:
    """With the keyboard alone enters a contribution's data and sees the outcome; nothing is decided."""
    contribution(world)
    walk = world.walk(screen=DESKTOP, keyboard=True).log_in(*BRUNO, "/contributi")
    open_the_newest(walk).follow("Inserisci i dati")
    fill_in(walk, patrimony="26.200,01").press("Vedi l'esito prima di decidere")
    walk.sees("Non accolta", "Il patrimonio 26.200,01 € supera la soglia", "Sì, decidi")
