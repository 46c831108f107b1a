"""Pages with planted faults, and what the walk finds on each, as JSON: playwright needs an event loop of its own."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.journeys.browser import chromium
from tests.journeys.walk import MissingError, Walk, World

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
UNSEEN = SOUND.replace("</title>", "</title><style>:focus { outline: none }</style>")
UNREACHABLE = SOUND.replace("<button", '<button tabindex="-1"')


class Pages(BaseHTTPRequestHandler):
    """Serves the pages above by number, and the two others by name."""

    pages = {f"/{number}": page for number, page in enumerate(PLANTED.values())} | {
        "/sound": SOUND,
        "/unreachable": UNREACHABLE,
        "/unseen": UNSEEN,
        "/favicon.ico": "",
    }

    def do_GET(self) -> None:
        """Answers with the page of this path."""
        page = self.pages.get(self.path)
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write((page or "").encode())

    do_POST = do_GET  # noqa: N815 - the name that http.server expects

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def served() -> Iterator[str]:
    """The address of a server of the pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def refusal(step: Callable[[], Walk]) -> str:
    """What a step says that cannot be taken."""
    try:
        step()
    except MissingError as error:
        return str(error)
    return ""


def main() -> None:
    """Prints the rules that each page breaks, and what impossible steps are told."""
    with served() as url, chromium() as browser:
        world = World(browser, url, "http://127.0.0.1:1", Path())
        found: dict[str, object] = {}
        for number, rule in enumerate(PLANTED):
            world.record.findings.clear()
            world.walk().open(f"/{number}")
            found[rule] = [finding.rule for finding in world.record.findings]
        world.record.findings.clear()
        world.walk(keyboard=True).open("/sound").fill("Nome", "Ada").press("Invia").sees("Una pagina")
        found["sound"] = [finding.rule for finding in world.record.findings]
        world.record.findings.clear()
        world.walk(keyboard=True).open("/unseen").press("Invia")
        found["unseen"] = [finding.rule for finding in world.record.findings]
        unreachable = world.walk(keyboard=True).open("/unreachable")
        found["unreachable"] = refusal(lambda: unreachable.press("Invia"))
        found["elsewhere"] = refusal(lambda: world.walk().open("/sound").is_at("/elsewhere"))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
