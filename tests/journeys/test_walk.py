"""The walk notices what it is there to notice: planted faults of pages are found, and sound pages have none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.journeys.browser import chromium, program
from tests.journeys.walk import AXE, MissingError, Walk, World

from stack.processes import StackError

pytestmark = pytest.mark.slow

SOUND = """<!doctype html><html lang="it"><head><meta charset="utf-8"><title>Prova</title></head><body><main><h1>Prova</h1>
<p>Una pagina.</p><form method="post"><p><label for="a">Nome</label> <input id="a" name="nome"></p>
<p><button type="submit">Invia</button></p></form></main></body></html>"""
PLANTED = {
    "axe label (critical)": SOUND.replace('<label for="a">Nome</label>', "Nome"),
    "axe landmark-one-main (moderate)": SOUND.replace("<main>", "<div>").replace("</main>", "</div>"),
    "one h1": SOUND.replace("<h1>Prova</h1>", "<h1>Prova</h1><h1>Altra</h1>"),
    "lang": SOUND.replace(' lang="it"', ""),
    "script": SOUND.replace("<p>Una pagina.", "<script>nowhere()</script><p>Una pagina."),
    "third party": SOUND.replace("<p>Una", '<img alt="" src="http://third.invalid/x.png"><p>Una'),
    "console": SOUND.replace("<p>Una", '<img alt="" src="/missing.png"><p>Una'),
}
UNREACHABLE = SOUND.replace("<button", '<button tabindex="-1"')


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A browser, and a server of the pages above."""
    try:
        program()
    except StackError as missing:
        pytest.skip(str(missing))
    if not AXE.exists():
        pytest.skip("axe is missing: run `make journeys`")
    pages = {f"/{number}": page for number, page in enumerate(PLANTED.values())}
    pages |= {"/sound": SOUND, "/unreachable": UNREACHABLE, "/favicon.ico": ""}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(200 if page is not None else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((page or "").encode())

        do_POST = do_GET  # noqa: N815 - the name that http.server expects

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    with chromium() as browser:
        yield World(browser, url, "http://127.0.0.1:1", Path())
    server.shutdown()
    server.server_close()
    thread.join()


def walk(world: World, **options: bool) -> Walk:
    """A new person, with an empty record."""
    world.record.findings.clear()
    return world.walk(**options)


@pytest.mark.parametrize("number", range(len(PLANTED)), ids=list(PLANTED))
def test_a_planted_fault_is_found(number: int, world: World) -> None:
    walk(world).open(f"/{number}")

    assert list(PLANTED)[number] in {finding.rule for finding in world.record.findings}


def test_a_sound_page_has_no_finding(world: World) -> None:
    walk(world).open("/sound").fill("Nome", "Ada").sees("Una pagina")

    assert list(world.record.findings) == []


def test_what_the_keyboard_does_not_reach_cannot_be_used(world: World) -> None:
    walk(world, keyboard=True).open("/sound").fill("Nome", "Ada").press("Invia")

    with pytest.raises(MissingError, match="keyboard"):
        walk(world, keyboard=True).open("/unreachable").press("Invia")


def test_what_a_page_does_not_show_is_told_with_what_it_shows(world: World) -> None:
    with pytest.raises(MissingError, match="Una pagina"):
        walk(world).open("/sound").is_at("/elsewhere")
