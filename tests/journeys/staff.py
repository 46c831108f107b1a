"""Operators and coordinators: their cases, from the first look to the answer that the tenant reads."""

from tests.journeys.registry import journey
from tests.journeys.tenant import Receipt, registered, status
from tests.journeys.walk import DESKTOP, Walk, World

ADA, BRUNO, CARLA, DINO = (
    ("ada-esempio", "operator"),
    ("bruno-finto", "officer"),
    ("carla-inventata", "coordinator"),
    ("dino-prova", "ops"),
)
ANSWER = "Abbiamo parlato con i vicini: da lunedì l'androne resta libero."


def case_of(walk: Walk, slip: Receipt) -> Walk:
    """Finds the case of a slip by its code."""
    walk.open("/segnalazioni").fill("codice", slip.code).press("Cerchi")
    walk.wait_for(lambda: walk.page.reload() and walk.path.startswith("/lavoro/"), "the case")
    return walk.sees("Monterosso")


@journey("operator")
def operator_answers_and_closes(world: World) -> None:
    """Finds a case by its code, reads the tenant's words, writes the answer, closes, undoes, closes again."""
    slip = registered(world, "Biciclette nell'androne.", "parti-comuni")
    walk = world.walk(screen=DESKTOP).log_in(*ADA, "/lavoro").sees("I miei casi")
    case_of(walk, slip).sees("Biciclette nell'androne.", "Perché")
    case = walk.path
    walk.follow("Rispondi e chiudi").press("Avanti").sees("Scelga com'è andata a finire.")
    walk.pick("esito", "solved").press("Avanti").sees("Chiudere questo caso?")
    walk.follow("Scriva o rilegga la risposta").fill("risposta", ANSWER).press("Salvi la risposta e continui")
    if walk.all("main input[name=esito][type=radio]").count():
        walk.pick("esito", "solved").press("Avanti")
    walk.press("Sì, chiudi questo caso").open(case).sees("Annulla la chiusura")
    walk.press("Annulla la chiusura").open(case).sees("Rispondi e chiudi")
    walk.sees_not("In chiusura")


@journey("coordinator")
def coordinator_reads_a_rating(world: World) -> None:
    """Reads on the case how it went: the tenant said so on the status page after the case was closed."""
    slip = registered(world, "Rumori di notte sulle scale.", "vicinato")
    walk = world.walk(screen=DESKTOP).log_in(*CARLA, "/lavoro/quadro")
    case = case_of(walk, slip).path
    walk.follow("Rispondi e chiudi").pick("esito", "solved").press("Avanti")
    walk.follow("Scriva o rilegga la risposta").fill("risposta", ANSWER).press("Salvi la risposta e continui")
    if walk.all("main input[name=esito][type=radio]").count():
        walk.pick("esito", "solved").press("Avanti")
    walk.press("Sì, chiudi questo caso")
    tenant = status(world.walk(), slip)
    tenant.wait_for(lambda: tenant.page.reload() and "Il suo giudizio" in tenant.text, "the closing")
    tenant.pick("score", "4").fill("sentence", "Adesso si dorme.").press("Invii il giudizio")
    tenant.sees("Ci ha detto com'è andata", "Bene")
    walk.open(case)
    walk.wait_for(lambda: walk.page.reload() and "Bene (4 su 5)" in walk.text, "the rating")
    walk.sees("Chi ha segnalato ha detto com'è andata")


@journey("operator")
def operator_notes(world: World) -> None:
    """Adds a note, makes a new PIN at the listening point, and starts a report for the same household."""
    slip = registered(world, "Rumori di notte.", "vicinato")
    walk = world.walk(screen=DESKTOP).log_in(*ADA, "/segnalazioni")
    case_of(walk, slip)
    walk.open(f"/segnalazioni/{walk.path.rpartition('/')[2]}").fill("nota", "Sentita al telefono.").press(
        "Aggiunga la nota"
    ).sees("Sentita al telefono.")
    place = walk.path
    walk.follow("gliene dia uno nuovo")
    walk.pick_first("controllo")
    walk.press("Continui").press("Faccia il nuovo PIN")
    pin = walk.all("dl.receipt dd").nth(1).inner_text().strip("\u2066\u2068\u2069 ")
    assert pin != slip.pin
    status(world.walk(), Receipt(slip.code, pin)).sees("Monterosso")
    walk.open(f"/segnalazioni/nuova?da={place.rpartition('/')[2]}").choose("category", "muffa")
    walk.fill("description", "Anche muffa in camera.").press("Registri la segnalazione").sees(
        "In quali stanze?"
    )
    walk.press("Registri la segnalazione").sees("PIN")


@journey("operator")
def operator_listens(world: World) -> None:
    """Holds a talk with two problems for a household that reads Arabic, and opens the one receipt to print."""
    walk = world.walk().log_in(*ADA, "/colloqui").press("Inizi un colloquio").sees("Chi parla")
    walk.follow("È la prima volta: scriva chi è").fill("name", "Mafalda Provini").choose("language", "ar")
    walk.fill("luogo", "Luzzatti").press("Cerchi il luogo").pick_first("place_id")
    walk.press("Salvi e torni al colloquio").sees("Mafalda Provini")
    walk.follow("Aggiunga un problema").choose("category", "pulizia").fill("description", "Scale sporche.")
    walk.press("Registri il problema").sees("Il problema è registrato")
    walk.follow("Aggiunga un altro problema").choose("category", "isee-spid")
    walk.fill("description", "Non so fare lo SPID.").press("Registri il problema")
    walk.follow("Aggiunga un appuntamento").pick("che", "home-visit").fill("giorno", "05/11/2028")
    walk.press("Aggiunga l'appuntamento").sees("Visita a casa sua")
    talk = walk.path
    walk.follow("Finisca il colloquio").press("Finisca il colloquio").sees("Apra il foglio da stampare")
    walk.follow("Apra il foglio da stampare").sees("Mafalda Provini")
    assert walk.all("li.card-box svg.qr").count() == 2
    walk.open("/colloqui").press("Inizi un colloquio").fill("testo", "provini MAFALDA")
    walk.press("Trovi le sue segnalazioni").sees("Mafalda Provini")
    assert walk.path != talk


@journey("operator")
def operator_sifts_and_corrects(world: World) -> None:
    """Filters the inbox by words that are stored encrypted, corrects a category, and sees what waits to be completed."""
    slip = registered(world, "Tapparella rotta in cucina.", "parti-comuni")
    walk = world.walk(screen=DESKTOP).log_in(*ADA, "/segnalazioni").sees("Segnalazioni")
    walk.open("/segnalazioni?parole=tapparella").sees(slip.code)
    case_of(walk, slip)
    report = f"/segnalazioni/{walk.path.rpartition('/')[2]}"
    walk.open(f"{report}/correggi").choose("category", "pulizia").pick_first("motivo")
    walk.press("Salvi la correzione").sees("Pulizia")
    walk.open(f"{report}/unione")
    walk.open("/segnalazioni/da-completare")


@journey("operator")
def operator_looks_for_nothing(world: World) -> None:
    """Looks for a code that nobody has."""
    world.walk(screen=DESKTOP).log_in(*ADA, "/segnalazioni").fill("codice", "AAAAA-AAAAA").press(
        "Cerchi"
    ).sees("codice")


@journey("operator")
def operator_pages_on_a_phone(world: World) -> None:
    """Opens the lists on a phone."""
    walk = world.walk().log_in(*ADA, "/lavoro")
    for path in ("/lavoro/quadro", "/messaggi", "/messaggi/modelli"):
        walk.open(path)


@journey("coordinator")
def coordinator_board(world: World) -> None:
    """Reads the board, filters by address, hands a case on and takes it to a desk, with reasons."""
    slip = registered(world, "Sola da settimane.", "isolamento")
    walk = world.walk(screen=DESKTOP).log_in(*CARLA, "/lavoro/quadro")
    case_of(walk, slip)
    case = walk.path
    walk.follow("Passa a un ufficio")
    walk.pick_first("a")
    walk.choose("motivo", "competence").press("Passa il caso").open(case)
    walk.follow("Affida a un'altra persona")
    walk.pick_first("a")
    walk.choose("motivo", "workload").press("Affida il caso").open(case)


@journey("coordinator")
def coordinator_absence(world: World) -> None:
    """Sees what an absence changes before entering it."""
    walk = world.walk(screen=DESKTOP).log_in(*CARLA, "/lavoro/assenze")
    walk.choose("operatore", "operatore-1").fill("dal", "01/06/2030").fill("al", "05/06/2030")
    walk.press("Guarda che cosa cambia").sees("Casi che restano").press("Sì, inserisci").sees("Assenze")


@journey("coordinator")
def coordinator_settings(world: World) -> None:
    """Reads the settings and who has read a report; logs out."""
    slip = registered(world, "Luce fulminata.", "luce-scale")
    walk = world.walk(screen=DESKTOP).log_in(*CARLA, "/lavoro/impostazioni", fresh=True)
    case_of(walk, slip)
    walk.open(f"/segnalazioni/letture/{walk.path.rpartition('/')[2]}").sees("Carla Inventata")
    walk.press("Esci").sees("È uscito")


@journey("officer")
def wrong_role(world: World) -> None:
    """Opens a page of another role: it says where to go, and logs out."""
    walk = world.walk(screen=DESKTOP).log_in(*BRUNO, "/lavoro", fresh=True).sees("Pagina riservata")
    walk.open("/contributi").sees("Domande di contributo").press("Esci").sees("È uscito")


@journey("staff")
def one_login(world: World) -> None:
    """Logs in once: the pages of the other services ask nothing."""
    walk = world.walk(screen=DESKTOP).log_in(*CARLA, "/lavoro/impostazioni", fresh=True)
    for path in ("/messaggi", "/segnalazioni"):
        walk.open(path).is_at(path)
