"""The phone finds the places that intake finds: the same words are tried in Chromium and in Python."""

import json
import random
from pathlib import Path

import pytest
from playwright.sync_api import Route, sync_playwright
from tests.journeys.browser import FLAGS, program
from tests.journeys.test_walk import absent

from intake.domain.categories import Categories
from intake.domain.place_search import search_rules
from intake.domain.place_tree import PlaceTree
from intake.entrypoints.api.field_bundle import rows_of
from stack.processes import StackError

pytestmark = pytest.mark.slow

ORIGIN = "http://campo.example"
MODULES = Path(__file__).parents[2] / "services/intake/src/intake/web/field"
TYPED = (
    "",
    "via",
    "V.LE",
    "viale luzzatti",
    "LUZZATI",
    "monterozo",
    "sc. a",
    "24128",
    "p.zza",
    "Sant'Agata 3",
    "è",
)
SEARCH = """async ([bundle, rules, texts]) => {
  const { Places } = await import("/places.js");
  const places = new Places(bundle, rules);
  return texts.map((text) => places.search(text).map((one) => one.id));
}"""


def typed_words(places: PlaceTree, chance: random.Random) -> list[str]:
    """What people may type: words of places, cut off, with a letter too many or too few, in any order."""
    known = [word for one in places.places for word in f"{one.label} {one.address}".split()]
    texts = list(TYPED)
    for _ in range(300):
        words = chance.sample(known, chance.randint(1, 3))
        word = words[0]
        cut = chance.randrange(len(word))
        words[0] = chance.choice(
            (word, word.upper(), word[:cut], word[:cut] + word[cut + 1 :], word[:cut] + "x" + word[cut:])
        )
        texts.append(" ".join(words))
    return texts


def serve(route: Route) -> None:
    """A module, or an empty page."""
    file = MODULES / route.request.url.rpartition("/")[2]
    is_module = file.suffix == ".js"
    body = file.read_text(encoding="utf-8") if is_module else "<!doctype html><title>.</title>"
    route.fulfill(body=body, content_type="text/javascript" if is_module else "text/html")


def test_the_phone_finds_what_intake_finds(registers: tuple[Categories, PlaceTree]) -> None:
    places = registers[1]
    texts = typed_words(places, random.Random(7))
    try:
        path = program()
    except StackError as missing:
        absent(str(missing))
    given = json.loads(json.dumps([rows_of(places), search_rules(), texts]))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        page = browser.new_page()
        page.route(f"{ORIGIN}/**", serve)
        page.goto(f"{ORIGIN}/")
        found = page.evaluate(SEARCH, given)
        browser.close()

    wanted = [[one.id for one in places.search(text).places] for text in texts]
    assert sum(map(bool, wanted)) > 200
    assert dict(zip(texts, found, strict=True)) == dict(zip(texts, wanted, strict=True))
