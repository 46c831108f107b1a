"""Operators with the app at /campo: a talk without a network, a login that ends meanwhile, and a phone that is given back."""

import io
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload
from tests.journeys.registry import journey
from tests.journeys.staff import ADA
from tests.journeys.walk import DESKTOP, Walk, World

EMPTY = "#on-phone[data-reports='0'][data-photos='0'][data-talks='0']"
MINUTE = 60_000


def photo() -> FilePayload:
    """A photo as a phone takes it."""
    data = io.BytesIO()
    Image.effect_noise((2400, 1600), 80).convert("RGB").save(data, "JPEG")
    return {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


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
