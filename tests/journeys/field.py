"""Operators with the app at /campo: a talk without a network, a login that ends meanwhile, and a phone that is given back."""

from typing import Any

from playwright.sync_api import FilePayload
from tests.journeys.registry import journey
from tests.journeys.staff import ADA
from tests.journeys.uploads import photo
from tests.journeys.walk import DESKTOP, Walk, World

EMPTY = "#on-phone[data-reports='0'][data-photos='0'][data-talks='0']"
MINUTE = 60_000


def phone(world: World, **options: Any) -> Walk:
    """The app of an operator, kept on the phone so that it opens without a network."""
    walk = world.walk(**options).log_in(*ADA, "/campo", fresh=True)
    started(walk)
    walk.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    walk.wait_for(
        lambda: walk.page.evaluate("navigator.serviceWorker.controller !== null"), "the service worker"
    )
    return walk


def started(walk: Walk) -> Walk:
    """Waits until the app shows what is on the phone."""
    walk.page.locator('#ready[data-ready="1"]').wait_for(state="attached", timeout=MINUTE)
    return walk


def log_in_again(walk: Walk) -> None:
    """Follows the app's link to the login, which asks unless the issuer knows this browser, and comes back."""
    walk.page.click("#login-needed")
    walk.page.wait_for_load_state()
    person = walk.page.locator(f"input[name=person][value={ADA[0]}]")
    if person.count():
        person.check()
        walk.page.check(f"input[name=role][value={ADA[1]}]")
        walk.press("Entra")
    started(walk)
    walk.page.locator("#login-needed").wait_for(state="hidden", timeout=MINUTE)


def write_problem(walk: Walk, words: str) -> None:
    """Fills in the form of a problem and saves it."""
    walk.choose("category", "pulizia").fill("description", words)
    if not walk.page.locator("#place-name").is_visible():
        walk.page.fill("#place-search", "V.LE LUZZATI")
        walk.page.locator("#place-hits button").first.click()
    walk.press("Salvi il problema")


def left(walk: Walk) -> tuple[int, ...]:
    """How many reports, photos and other things are on the phone."""
    bar = walk.page.locator("#on-phone")
    return tuple(int(bar.get_attribute(f"data-{one}") or -1) for one in ("reports", "photos", "talks"))


def waits(walk: Walk, numbers: tuple[int, ...]) -> None:
    """The phone says that so much is on it."""
    walk.wait_for(lambda: left(walk) == numbers, f"{numbers} on the phone")


@journey("operator")
def operator_listens_without_a_network(world: World) -> None:
    """Holds a talk with two problems and a photo without a network; all of it arrives, once, when there is one."""
    walk = phone(world)
    walk.context.set_offline(True)
    walk.page.reload()
    started(walk).press("Inizi un colloquio").fill("talk-name", "Mafalda Provini")
    walk.page.fill("#talk-place-search", "luzzatti")
    walk.page.locator("#talk-place-hits button").first.click()
    walk.press("Salvi chi parla").press("Aggiunga un problema")
    walk.page.set_input_files("#photos", [photo()])
    walk.page.locator("#problem-photos li").wait_for()
    write_problem(walk, "Scale sporche da un mese.")
    walk.press("Aggiunga un problema")
    write_problem(walk, "E il cortile anche.")
    walk.press("Finisca il colloquio")
    waits(walk, (2, 1, 2))
    walk.page.reload()
    waits(started(walk), (2, 1, 2))
    walk.context.set_offline(False)
    walk.page.locator(EMPTY).wait_for(timeout=MINUTE)
    codes = walk.all("#history li[data-outcome=registered][data-code]")
    walk.wait_for(lambda: codes.count() == 2, "two codes")
    code = codes.last.get_attribute("data-code") or ""
    desk = world.walk(screen=DESKTOP).log_in(*ADA, "/segnalazioni").fill("codice", code).press("Cerchi")
    desk.wait_for(lambda: desk.page.reload() and desk.path.startswith("/lavoro/"), "the case")
    desk.sees("Scale sporche da un mese.")


def at_the_lift(walk: Walk, words: str) -> Walk:
    """Fills in a problem of one lift and saves it."""
    walk.press("Un problema solo").choose("category", "pulizia").fill("description", words)
    walk.page.fill("#place-search", "Luzzati")
    walk.page.locator("#place-hits button").first.click()
    return walk.press("Salvi il problema")


def arrived(walk: Walk, count: int) -> None:
    """So many reports have arrived, and nothing is left on the phone."""
    rows = walk.all("#history li[data-outcome=registered]")
    walk.wait_for(lambda: rows.count() == count, f"{count} reports that arrived")
    walk.page.locator(EMPTY).wait_for(timeout=MINUTE)


@journey("operator")
def operator_finds_it_reported_before(world: World) -> None:
    """With a network the app shows reports nearby before saving; without one the server asks after sending."""
    walk = phone(world)
    at_the_lift(walk, "Androne sporco da una settimana.")
    if walk.page.locator("#similar").is_visible():
        walk.press("Nessuno di questi: salvi")
    arrived(walk, 1)
    at_the_lift(walk, "Androne sporco, nessuno lava.").sees("È già stato segnalato?")
    walk.press("Torni a scrivere").fill("description", "Androne molto sporco.")
    walk.press("Salvi il problema").sees("È già stato segnalato?")
    walk.page.locator("#similar-list button").first.click()
    arrived(walk, 2)
    walk.context.set_offline(True)
    at_the_lift(walk, "Androne sporco e cartoni.")
    waits(walk, (1, 0, 0))
    walk.context.set_offline(False)
    walk.sees("Forse qualcuno l'aveva già segnalato")
    walk.page.locator("#history button[data-same]").first.click()
    walk.sees("Unita a una segnalazione che c'era già.")


@journey("operator")
def operator_chooses_files_that_are_no_photos(world: World) -> None:
    """Chooses a zip named jpg, an SVG and a photo: the app names what it leaves out, and the desk sees it on the report."""
    walk = phone(world)
    walk.context.set_offline(True)
    walk.press("Un problema solo")
    files = [
        FilePayload(name="foto.jpg", mimeType="image/jpeg", buffer=b"PK\x03\x04" + bytes(200)),
        FilePayload(
            name="disegno.svg", mimeType="image/svg+xml", buffer=b"<svg xmlns='http://www.w3.org/2000/svg'/>"
        ),
    ]
    walk.page.set_input_files("#photos", [*files, photo()])
    walk.page.locator("#problem-photos li").wait_for()
    walk.sees("non è una foto che si possa leggere: foto.jpg", "si possa leggere: disegno.svg")
    write_problem(walk, "Cassetta delle lettere forzata.")
    waits(walk, (1, 1, 0))
    walk.context.set_offline(False)
    walk.sees("Foto che non si sono potute prendere: 2")
    code = walk.all("#history li[data-code]").first.get_attribute("data-code") or ""
    desk = world.walk(screen=DESKTOP).log_in(*ADA, "/segnalazioni").sees("foto non arrivate")
    desk.fill("codice", code).press("Cerchi")
    desk.page.goto(f"{world.url}/segnalazioni/{desk.page.url.rpartition('/')[2]}")
    desk.sees("2 foto non si sono potute aggiungere:")


@journey("operator")
def operator_writes_on_after_the_app_was_closed(world: World) -> None:
    """Closes the app while it is being written in: who talks, the words of a problem and its photo are still there."""
    walk = phone(world)
    walk.context.set_offline(True)
    walk.press("Inizi un colloquio").fill("talk-name", "Nives Bozzetti").fill("talk-notes", "Abita sola.")
    written(walk, "draft-talk")
    started(reloaded(walk))
    assert walk.page.input_value("[name=talk-name]") == "Nives Bozzetti"
    assert walk.page.input_value("[name=talk-notes]") == "Abita sola."
    walk.press("Salvi chi parla").press("Aggiunga un problema").fill("description", "Il muro è bagnato.")
    walk.page.set_input_files("#photos", [photo()])
    walk.page.locator("#problem-photos li").wait_for()
    written(walk, "draft")
    started(reloaded(walk))
    walk.page.locator("#problem-photos li canvas").wait_for()
    assert walk.page.input_value("[name=description]") == "Il muro è bagnato."
    write_problem(walk, "Il muro è bagnato.")
    waits(walk, (1, 1, 1))
    walk.page.reload()
    started(walk)
    assert walk.all("#problem-photos li").count() == 0


def written(walk: Walk, name: str) -> None:
    """What was typed is in the phone's database."""
    asked = """name => new Promise(answer => indexedDB.open("campo").onsuccess = ({target}) => {
        const asked = target.result.transaction("private").objectStore("private").getKey(name);
        asked.onsuccess = () => { target.result.close(); answer(asked.result !== undefined); };
    })"""
    walk.wait_for(lambda: walk.page.evaluate(asked, name), f"{name} is kept")
    walk.page.wait_for_timeout(1000)  # longer than the pause after which the last letters are kept


def reloaded(walk: Walk) -> Walk:
    """The page after it was loaded again, as by a browser that was closed."""
    walk.page.reload()
    return walk


@journey("operator")
def operator_login_ends_without_a_network(world: World) -> None:
    """Loses the login while there is no network: the phone keeps everything, asks for the login, and sends."""
    walk = phone(world, screen=DESKTOP)
    walk.context.set_offline(True)
    walk.press("Un problema solo")
    write_problem(walk, "Cantina piena di cartoni.")
    waits(walk, (1, 0, 0))
    walk.context.clear_cookies()
    walk.context.set_offline(False)
    walk.page.locator("#login-needed").wait_for(timeout=MINUTE)
    waits(walk, (1, 0, 0))
    log_in_again(walk)
    walk.page.locator(EMPTY).wait_for(timeout=MINUTE)
    walk.page.locator("#history li[data-outcome=registered]").wait_for(timeout=MINUTE)


@journey("operator")
def operator_gives_the_phone_back(world: World) -> None:
    """Leaves with something unsent: is asked first, then everything is gone from the phone, the session too."""
    walk = phone(world)
    walk.context.set_offline(True)
    walk.press("Un problema solo")
    write_problem(walk, "Lampione spento in cortile.")
    walk.press("Esca e cancelli tutto dal telefono").sees("Non tutto è stato inviato", "segnalazioni 1")
    walk.press("Aspetti: resto qui")
    waits(walk, (1, 0, 0))
    walk.press("Esca e cancelli tutto dal telefono").press("Cancelli tutto ed esca")
    walk.sees("L'uscita si completa appena c'è rete")
    walk.context.set_offline(False)
    walk.sees("È uscito")
    walk.page.goto(f"{world.url}/campo")
    walk.page.locator("#login-needed").wait_for(timeout=MINUTE)
    log_in_again(walk)
    waits(walk, (0, 0, 0))
    assert walk.all("#history li").count() == 0


@journey("operator")
def operator_finds_the_work_of_another(world: World) -> None:
    """Logs in on a phone that holds what another person has not sent: sees nothing of it, and it is not sent as theirs."""
    walk = phone(world)
    walk.context.set_offline(True)
    walk.press("Un problema solo")
    write_problem(walk, "Panchina rotta in piazza.")
    waits(walk, (1, 0, 0))
    walk.context.clear_cookies()
    walk.context.set_offline(False)
    walk.page.locator("#login-needed").wait_for(timeout=MINUTE)
    walk.page.click("#login-needed")
    walk.page.check("input[name=person][value=carla-inventata]")
    walk.page.check(f"input[name=role][value={ADA[1]}]")
    walk.press("Entra")
    started(walk).sees("Su questo telefono ci sono cose di un'altra persona")
    walk.sees_not("Pulizia")
    waits(walk, (1, 0, 0))
