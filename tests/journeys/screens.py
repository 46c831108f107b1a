"""`make screens`: a picture of every page of a running system, as wide as a phone and as wide as a desktop; for tenants also in Arabic."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Error
from tests.journeys.browser import chromium
from tests.journeys.staff import ADA, BRUNO, CARLA, DINO
from tests.journeys.tenant import MONEY, PLACE, WORDS, answer, receipt_of, registered, status
from tests.journeys.walk import Walk, World

from stack.processes import StackError, print_stderr
from stack.state_folder import DEFAULT_STATE
from stack.system import System

WIDTHS = (390, 1280)
HEIGHT = 900
# What tenants see is taken from left to right and from right to left.
LANGUAGES = ("it", "ar")
Person = tuple[str, str]


class Screen(NamedTuple):
    """A page: the name of its picture, who looks at it, and its path.

    A path with ` > ` goes on with the first link in the page whose address begins so, and after a `*` ends so:
    `/lavoro/quadro > /lavoro/0` is the first case of the board. `{id}` is the id in the address before."""

    name: str
    person: Person | None
    path: str


# Every page there is.
SCREENS = (
    Screen("home", None, "/"),
    Screen("report", None, "/segnala"),
    Screen("status", None, "/stato"),
    Screen("lost-pin", None, "/stato/pin-perso"),
    Screen("listening-points", None, "/punti-di-ascolto"),
    Screen("privacy", None, "/privacy"),
    Screen("accessibility", None, "/accessibilita"),
    Screen("not-found", None, "/nessuna-pagina"),
    Screen("mine", ADA, "/lavoro"),
    Screen("case", ADA, "/lavoro/quadro > /lavoro/0"),
    Screen(
        "reopen", ADA, "/lavoro/quadro?vista=chiusi&operatore=operatore-1 > /lavoro/0 > /lavoro/{id}/riapri"
    ),
    Screen("words", ADA, "/lavoro/quadro > /lavoro/0 > /segnalazioni/{id}"),
    Screen("answer", ADA, "/lavoro/quadro > /lavoro/0 > /segnalazioni/{id}/risposta"),
    Screen("correct", ADA, "/lavoro/quadro > /lavoro/0 > /segnalazioni/{id}/correggi"),
    Screen("merge", ADA, "/lavoro/quadro > /lavoro/0 > /segnalazioni/{id}/unione"),
    Screen("new-pin", ADA, "/lavoro/quadro > /lavoro/0 > /segnalazioni/{id}/nuovo-pin"),
    Screen("close", ADA, "/lavoro/quadro > /lavoro/0 > /lavoro/0*/chiudi"),
    Screen("assign", ADA, "/lavoro/quadro > /lavoro/0 > /lavoro/0*/affida"),
    Screen("hand-off", ADA, "/lavoro/quadro > /lavoro/0 > /lavoro/0*/passa"),
    Screen("search", ADA, "/segnalazioni"),
    Screen("inbox-closed", ADA, "/segnalazioni?stato=all&ordine=ricevuta"),
    Screen("waiting", ADA, "/segnalazioni/da-completare"),
    Screen("household", ADA, "/segnalazioni/nuova"),
    Screen("public-texts", ADA, "/segnalazioni/pubbliche"),
    Screen("public-text", ADA, "/segnalazioni/pubbliche > /segnalazioni/*/pubblicazione"),
    Screen("talks", ADA, "/colloqui"),
    Screen("app", ADA, "/campo"),
    Screen("places", ADA, "/segnalazioni/luoghi"),
    Screen("places-found", ADA, "/segnalazioni/luoghi?cerca=via+luzzatti"),
    Screen("place", ADA, "/segnalazioni/luoghi/bg-malpensata-01"),
    Screen("board", CARLA, "/lavoro/quadro"),
    Screen("absences", CARLA, "/lavoro/assenze"),
    Screen(
        "absence-preview",
        CARLA,
        "/lavoro/assenze/anteprima?operatore=operatore-1&dal=01/06/2031&al=05/06/2031",
    ),
    Screen("settings", CARLA, "/lavoro/impostazioni"),
    Screen("messages", CARLA, "/messaggi"),
    Screen("message", CARLA, "/messaggi > /messaggi/caso/"),
    Screen("message-models", CARLA, "/messaggi/modelli"),
    Screen("queue", BRUNO, "/contributi"),
    Screen("application", BRUNO, "/contributi?stato=decise > /contributi/"),
    Screen("decision", BRUNO, "/contributi?stato=decise > /contributi/ > /contributi/*/decisione"),
    Screen("correction", BRUNO, "/contributi?stato=decise > /contributi/ > /contributi/*/annulla"),
    Screen("data", BRUNO, "/contributi > /contributi/ > /contributi/*/dati"),
    Screen("budgets", BRUNO, "/contributi/bilanci"),
    Screen("waiting-list", BRUNO, "/contributi/attesa"),
    Screen("wrong-role", BRUNO, "/lavoro"),
    Screen("system", DINO, "/sistema"),
    Screen("statistics", None, "/statistiche"),
    Screen("public-reports", None, "/segnalazioni-pubbliche"),
    Screen("public-report", None, "/segnalazioni-pubbliche > /segnalazioni-pubbliche/"),
    Screen("texts", DINO, "/sistema/testi"),
    *(
        Screen(f"system-{name}", DINO, f"/sistema/{name}")
        for name in ("intake", "routing", "subsidies", "notify")
    ),
)
# Where each person's work begins.
START = {ADA: "/lavoro", BRUNO: "/contributi", CARLA: "/lavoro/quadro", DINO: "/sistema"}


def main(words: Sequence[str]) -> int:
    """Writes one PNG file per page and width; raises StackError without a browser or a running system."""
    parser = argparse.ArgumentParser(prog="tests.journeys.screens", description=__doc__)
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help="the state folder of a running system"
    )
    parser.add_argument("--to", type=Path, required=True, help="the folder for the pictures")
    parser.add_argument("--page", action="append", help="one page; all by default")
    args = parser.parse_args(words)
    system = System(args.state)
    if system.stopped_processes():
        raise StackError("not everything runs: run `make up`.")
    args.to.mkdir(parents=True, exist_ok=True)
    wanted = [screen for screen in SCREENS if screen.name in (args.page or [one.name for one in SCREENS])]
    with chromium() as browser:
        world = World(browser, system.public_url, system.issuer_url, system.mails, system, check=False)
        for person in dict.fromkeys(screen.person for screen in wanted):
            for language in ("it",) if person else LANGUAGES:
                walk = world.walk(language=language)
                if person:
                    walk.log_in(*person, START[person])
                for screen in [one for one in wanted if one.person == person]:
                    _take(walk, screen, args.to)
                walk.close()
        if not args.page:
            for language in LANGUAGES:
                _take_report(world, language, args.to)
    return 0


def _take(walk: Walk, screen: Screen, folder: Path) -> None:
    first, *further = screen.path.split(" > ")
    _go(walk, first)
    for prefix in further:
        if "{id}" in prefix:
            _go(walk, prefix.replace("{id}", walk.path.split("/")[2]))
            continue
        begin, _, end = prefix.partition("*")
        ends = f"[href$={end!r}]" if end else ""
        link = walk.all(f"main a[href^={begin!r}]{ends}").first
        if not link.count():
            print_stderr(f"screens: {screen.name}: {walk.page.url} has no link to {prefix}…")
            return
        _go(walk, str(link.get_attribute("href")))
    _picture(walk, screen.name, folder)


def _go(walk: Walk, path: str) -> None:
    """Opens a page once more when a fragment of the page before has just sent the browser through a login."""
    try:
        walk.page.goto(walk.world.url + path)
    except Error:
        walk.page.wait_for_load_state("networkidle")
        walk.page.goto(walk.world.url + path)
    walk.page.wait_for_load_state("networkidle")


def _take_report(world: World, language: str, folder: Path) -> None:
    """The steps of a report, and the pages that follow it."""
    walk = world.walk(language=language)
    walk.open("/segnala").press()
    _picture(walk, "report-wrong", folder)
    walk.pick("group", "technical").press()
    _picture(walk, "report-category", folder)
    walk.pick("category", "ascensore").press()
    _picture(walk, "report-place", folder)
    walk.choose("place_id", PLACE).press()
    _picture(walk, "report-point", folder)
    walk.press()
    _picture(walk, "report-questions", folder)
    answer(walk)
    _picture(walk, "report-text", folder)
    walk.fill("description", WORDS).press()
    _picture(walk, "report-contact", folder)
    if walk.press().path.endswith("/gia-segnalato"):
        _picture(walk, "report-same", folder)
        walk.press()
    _picture(walk, "report-summary", folder)
    slip = receipt_of(walk.press())
    _picture(walk, "receipt", folder)
    status(walk, slip)
    _picture(walk, "report-status", folder)
    for name, path in (
        ("information", "/stato/informazioni"),
        ("photos", "/stato/foto"),
        ("withdrawal", "/stato/ritiro"),
    ):
        walk.open(path)
        _picture(walk, f"report-{name}", folder)
    status(walk, registered(world, MONEY, "contributo-affitto")).open("/stato/contributo")
    _picture(walk, "report-contribution", folder)


def _picture(walk: Walk, name: str, folder: Path) -> None:
    walk.page.wait_for_load_state("networkidle")
    language = "" if walk.language == "it" else f"-{walk.language}"
    for width in WIDTHS:
        walk.page.set_viewport_size({"width": width, "height": HEIGHT})
        file = folder / f"{name}{language}-{width}.png"
        walk.page.screenshot(path=file, full_page=True)
        print(f"screens: {file}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        print_stderr(f"screens: {error}")
        sys.exit(1)
