"""Tenants: a report from the first page to the answer, on a phone, without JavaScript, in Arabic, by keyboard."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from playwright.sync_api import FilePayload
from tests.journeys.elsewhere import elsewhere
from tests.journeys.registry import journey
from tests.journeys.uploads import photo
from tests.journeys.walk import Walk, World

WORDS = "L'ascensore è fermo da ieri e la signora del quarto piano non scende."
MONEY = "Non arrivo alla fine del mese."
PLACE = "bg-monterosso"
ENOUGH_SECONDS = 25
NO_PHOTO = FilePayload(name="scherzo.jpg", mimeType="image/jpeg", buffer=b"PK\x03\x04" + bytes(200))


@dataclass(frozen=True)
class Receipt:
    """What a tenant keeps: code and PIN."""

    code: str
    pin: str


def report(
    walk: Walk, words: str = WORDS, group: str = "technical", category: str = "ascensore", email: str = ""
) -> Receipt:
    """Reports a problem step by step, and returns what is on the slip."""
    fill_in(walk.open("/segnala"), words, group, category, email)
    return receipt_of(walk.press())


def registered(world: World, words: str, category: str, email: str = "") -> Receipt:
    """The receipt of a report that a program sends: the pages of the form have journeys of their own."""
    contact = {"email": email or None}
    data = {"category": category, "place_id": PLACE, "description": words, "contact": contact}
    sent = httpx.post(f"{world.url}/v1/reports", json=data)
    assert sent.status_code == 201, sent.text
    return Receipt(sent.json()["tracking_code"], sent.json()["pin"])


def fill_in(walk: Walk, words: str, group: str, category: str, email: str = "") -> Walk:
    """All steps up to the summary; the problem is none of those that others have reported."""
    walk.pick("group", group).press().pick("category", category).press()
    answer(walk.choose("place_id", PLACE).press().press()).fill("description", words).press()
    walk = walk.fill("email", email).press() if email else walk.press()
    return walk.press() if walk.path.endswith("/gia-segnalato") else walk


def answer(walk: Walk) -> Walk:
    """Says no to every question of the category, if it has some."""
    if not walk.path.endswith("/domande"):
        return walk
    for name in walk.all("main input[type=radio][value=no]").evaluate_all("all => all.map(one => one.name)"):
        walk.pick(name, "no")
    return walk.press()


def receipt_of(walk: Walk) -> Receipt:
    """Code and PIN on the page that a tenant prints."""
    code, pin = walk.all("dl.receipt dd").all_inner_texts()[:2]
    return Receipt(bare(code), bare(pin))


def bare(text: str) -> str:
    """A code without the marks that keep it left to right."""
    return text.strip("\u2066\u2067\u2068\u2069 \n")


def status(walk: Walk, slip: Receipt) -> Walk:
    """Opens the status with code and PIN."""
    walk.open(f"/stato?codice={slip.code}")
    return walk.fill("pin", slip.pin).press()


@journey("tenant")
def find_the_agency(world: World) -> None:
    """Finds the phone and the listening points, the notice of privacy and the statement of accessibility."""
    walk = world.walk().open("/").sees("035 000000", "Punto di ascolto di Monterosso")
    assert walk.all("main a[href^='tel:']").count() > 0
    walk.open("/punti-di-ascolto").sees("Via Inventata 1", "09:00")
    walk.open("/privacy").open("/accessibilita")


@journey("tenant")
def report_and_withdraw(world: World) -> None:
    """Reports in steps, keeps the slip, reads the timeline, adds information, withdraws."""
    walk = world.walk()
    slip = report(walk)
    status(walk, slip).sees("Monterosso", "Ascensore fermo o guasto")
    walk.follow("Aggiunga informazioni").fill("information", "Adesso si sente anche un rumore.").press(
        "Aggiunga"
    )
    walk.follow("ritiri").press("Avanti").sees("Scelga perché la ritira.")
    walk.pick_first("motivo")
    walk.press("Avanti").sees("Vuole davvero ritirarla?").press("Sì, la ritiri")
    status(walk, slip).sees("ritirata")


@journey("tenant")
def add_photos(world: World) -> None:
    """Adds a photo on the status page, sees it there, and is told by name which file was none."""
    slip = registered(world, "Muffa sul muro della camera.", "muffa")
    walk = status(world.walk(), slip).follow("Aggiunga foto")
    walk.page.set_input_files("#photos", [photo(), NO_PHOTO])
    walk.press("Aggiunga le foto").sees("scherzo.jpg")
    assert walk.all("main ul.photos img").count() == 1
    walk.follow("Torni alla segnalazione").sees("Le foto")
    image = walk.all("main ul.photos img").first
    image.scroll_into_view_if_needed()
    walk.wait_for(lambda: image.evaluate("one => one.complete && one.naturalWidth > 0"), "the photo")


@journey("tenant")
def join_another(world: World) -> None:
    """Finds that somebody has reported the same: joins with a code of the own, and reads it on the status page."""
    registered(world, WORDS, "ascensore")
    walk = (
        world.walk().open("/segnala").pick("group", "technical").press().pick("category", "ascensore").press()
    )
    answer(walk.choose("place_id", PLACE).press().press()).fill("description", WORDS).press().press()
    walk.sees("È già stato segnalato?", "Ascensore fermo o guasto")
    walk.press("Anch'io").sees("lei si unisce a chi l'ha già detto")
    status(walk, receipt_of(walk.press())).sees("Ascensore fermo o guasto")


@journey("tenant")
def read_public_reports(world: World) -> None:
    """Reads what was reported in the neighbourhood, filters it, and the numbers."""
    registered(world, WORDS, "ascensore")
    walk = world.walk().open("/segnalazioni-pubbliche").sees("Ascensore fermo o guasto", "Monterosso")
    assert WORDS not in walk.text
    walk.open("/segnalazioni-pubbliche?stato=aperte").sees("Ascensore fermo o guasto")
    walk.open("/statistiche")


@journey("tenant")
def ask_for_a_contribution(world: World) -> None:
    """Asks for a contribution, and reads from the status page how it is."""
    walk = status(world.walk(), registered(world, MONEY, "contributo-affitto"))
    walk.follow("Veda la domanda di contributo")
    assert walk.path == "/stato/contributo"


@journey("tenant")
def search_a_place(world: World) -> None:
    """Finds the place by the words of its address."""
    walk = world.walk().open("/segnala").pick("group", "technical").press().pick("category", "muffa").press()
    walk.fill("cerca", "monterosso").press("Cerchi").sees("Monterosso")
    walk.pick_first("place_id")
    answer(walk.press("Avanti").sees("In che punto?").press("Avanti")).sees("Che cosa succede?")


@journey("tenant")
def report_without_javascript(world: World) -> None:
    """Does the same without JavaScript."""
    walk = world.walk(javascript=False)
    status(walk, report(walk)).sees("Monterosso")


@journey("tenant")
def report_by_keyboard(world: World) -> None:
    """Reports with the keyboard alone."""
    walk = world.walk(keyboard=True)
    status(walk, report(walk)).sees("Monterosso")


@journey("tenant")
def report_in_arabic(world: World) -> None:
    """Reports in Arabic, right to left, and gets a mail in Arabic."""
    walk = world.walk(language="ar")
    slip = report(walk, "المصعد معطل منذ أمس", email="amina@example.org")
    status(walk, slip)
    html = walk.all("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl")
    mail = walk.mail_to("amina@example.org", slip.code)
    assert 'dir="rtl"' in mail or "المصعد" in mail or 'lang="ar"' in mail, mail[:500]


@journey("tenant")
def send_again(world: World) -> None:
    """Goes back after sending and sends again: it stays one report, and the page says so."""
    walk = world.walk()
    slip = report(walk)
    walk.back()
    walk.press()
    assert receipt_of(walk) == slip
    walk.sees("già")


@journey("tenant")
def empty_steps(world: World) -> None:
    """Answers nothing: the page says what is missing, the focus is on it, and Back leads back."""
    walk = world.walk().open("/segnala").press()
    assert walk.all("main [role=alert] a").count() >= 1
    assert walk.page.evaluate("document.activeElement.closest('main') !== null")
    walk.back()
    walk.open("/stato").press().sees("Codice", "PIN")
    assert walk.all("main [role=alert] a").count() == 2


@journey("tenant")
def long_text(world: World) -> None:
    """Pastes far too much text: the page comes back with the limit, and the text is kept."""
    walk = world.walk().open("/segnala").pick("group", "technical").press().pick("category", "muffa").press()
    answer(walk.choose("place_id", PLACE).press().press()).fill(
        "description", "Muffa ovunque. " * 14_000
    ).press().sees("4000")
    assert len(walk.all("textarea[name=description]").input_value()) > 4000


@journey("tenant")
def danger(world: World) -> None:
    """Chooses a danger: the page dials 112, and nothing is registered."""
    walk = world.walk().open("/segnala").pick("group", "danger").press()
    if walk.all("main input[name=category]").count():
        walk.pick("category", "pericolo-immediato").press()
    assert walk.all("main a[href='tel:112']").count() >= 1


@journey("tenant")
def lost_pin(world: World) -> None:
    """Has lost the PIN: the page says where to get a new one, and when."""
    world.walk().open("/stato").follow("Ho perso il PIN").sees("punto di ascolto", "Via Inventata 1")


@journey("tenant")
def guessed_pin(world: World) -> None:
    """Is not kept out by somebody who guesses PINs: the guesser is slowed down and told the phone, the tenant comes in."""
    own = world.walk()
    slip = report(own)
    guesser = world.walk()
    wrong = [str((int(slip.pin) + added) % 1_000_000).zfill(6) for added in range(1, 7)]
    status(guesser, Receipt(slip.code, wrong[0])).sees("Non c'è una segnalazione con questo codice")
    _wait_for_a_window(guesser)
    for pin in wrong:
        guess = httpx.get(f"{world.url}/v1/status/{slip.code}", headers={"Ascolto-Pin": pin})
    assert guess.status_code == 429
    for pin in (wrong[5], slip.pin):
        status(guesser, Receipt(slip.code, pin)).sees("troppi PIN sbagliati", "035 000000")
    assert guesser.all("main a[href^='tel:']").count() >= 1
    with elsewhere(world) as another:
        status(another.walk(), slip).sees("Monterosso", "Ascensore fermo o guasto")
    status(own, slip).sees("Monterosso")


def _wait_for_a_window(walk: Walk) -> None:
    """Waits when the three minutes in which guesses are counted together are nearly over."""
    left = 180 - datetime.now(UTC).timestamp() % 180
    if left < ENOUGH_SECONDS:
        walk.page.wait_for_timeout(1000 * (left + 1))


@journey("tenant")
def foreign_phone(world: World) -> None:
    """Writes a phone number as people write it: it is taken."""
    walk = world.walk().open("/segnala").pick("group", "technical").press().pick("category", "muffa").press()
    answer(walk.choose("place_id", PLACE).press().press()).fill("description", "Muffa in bagno.").press()
    walk.fill("phone", "035/12 34 56 int. 3").press().sees("035/12 34 56 int. 3")


@journey("tenant")
def languages(world: World) -> None:
    """Reads the first page and the form in every language."""
    for code in ("it", "en", "fr", "ar", "es", "ro", "uk", "zh"):
        walk = world.walk(language=code)
        for path in ("/", "/segnala", "/stato", "/punti-di-ascolto"):
            walk.open(path)
            assert walk.all("html").get_attribute("lang") == code
        walk.close()
