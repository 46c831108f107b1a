"""The phone keeps what it stored over a kill, its requests pass through the network, and readable words are found on its disk."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright
from tests.field.network import Fate, Network
from tests.field.network_thread import NetworkThread
from tests.field.phone import Phone, phone, readable
from tests.journeys.browser import program
from tests.journeys.test_walk import absent

from stack.ports import HOST, free_port
from stack.processes import StackError

pytestmark = pytest.mark.slow

WORD, SECRET = "zibellino", "ermellino"
PAGE = b"""<!doctype html><title>Prova</title><script>
const open = () => new Promise(done => {
    const asked = indexedDB.open("prova", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("box");
    asked.onsuccess = () => done(asked.result.transaction("box", "readwrite").objectStore("box"));
});
const keep = async (name, what) => {
    const box = await open();
    box.put(what, name);
    return new Promise(done => box.transaction.oncomplete = () => done(true));
};
const names = async () => {
    const asked = (await open()).getAllKeys();
    return new Promise(done => asked.onsuccess = () => done(asked.result));
};
const sealed = async text => {
    const key = await crypto.subtle.generateKey({name: "AES-GCM", length: 256}, false, ["encrypt"]);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return crypto.subtle.encrypt({name: "AES-GCM", iv}, key, new TextEncoder().encode(text));
};
</script>"""


class Page(BaseHTTPRequestHandler):
    """One page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def one_phone(profile: Path) -> Iterator[tuple[Phone, NetworkThread, str]]:
    server = ThreadingHTTPServer((HOST, 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    network = NetworkThread(Network(free_port(), server.server_port, 1))
    port = network.network.port
    with (
        network.listening(),
        sync_playwright() as driver,
        phone(driver, profile, server.server_port, port) as one,
    ):
        yield one, network, f"http://{HOST}:{server.server_port}/"
    server.shutdown()
    server.server_close()


def use(profile: Path) -> dict[str, object]:
    seen: dict[str, object] = {}
    with one_phone(profile) as (one, network, url):
        one.start()
        one.page.goto(url)
        one.page.evaluate(f"keep('clear', {{text: 'Dice {WORD}.'}})")
        one.page.evaluate(f"sealed('Dice {SECRET}.').then(one => keep('sealed', one))")
        one.kill()
        seen["readable"] = readable(profile, [WORD, SECRET])
        one.start()
        one.page.goto(url)
        seen["kept"], seen["kills"] = one.page.evaluate("names()"), one.kills
        network.go_away()
        with pytest.raises(Error):
            one.page.goto(url)
        seen["fates"] = {*network.network.counts}
        one.close()
    return seen


async def test_a_phone_keeps_what_it_stored_over_a_kill_and_clear_words_are_found(tmp_path: Path) -> None:
    try:
        program()
    except StackError as missing:
        absent(str(missing))
    seen = await asyncio.to_thread(use, tmp_path / "profile")
    assert seen["kept"] == ["clear", "sealed"]
    assert seen["kills"] == 1
    assert seen["fates"] == {Fate.PASSED, Fate.AWAY}
    found = seen["readable"]
    assert isinstance(found, list)
    assert found
    assert all(one.endswith(f": {WORD}") for one in found)
