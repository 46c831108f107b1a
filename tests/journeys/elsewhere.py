"""The same system from another client: its connections come from another address of this machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from tests.journeys.walk import World

HERE, ANOTHER = "127.0.0.1", "127.0.0.2"
MOST_BYTES = 65_536


class Forwarder(ThreadingTCPServer):
    """Passes every connection on to one address, from another one."""

    daemon_threads = True

    def __init__(self, target: tuple[str, int]) -> None:
        """Listens on a free port."""
        super().__init__((HERE, 0), Connection)
        self.target = target


class Connection(BaseRequestHandler):
    """One connection, passed on in both directions until one side ends it."""

    server: Forwarder

    def handle(self) -> None:
        """Passes on bytes."""
        with socket.create_connection(self.server.target, source_address=(ANOTHER, 0)) as there:
            back = threading.Thread(target=_pass_on, args=(there, self.request), daemon=True)
            back.start()
            _pass_on(self.request, there)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(MOST_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the browser has closed the connection


@contextmanager
def elsewhere(world: World) -> Iterator[World]:
    """The world as another client sees it."""
    place = urlsplit(world.url)
    with Forwarder((str(place.hostname), int(place.port or 80))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield replace(world, url=f"http://{HERE}:{server.server_address[1]}")
        server.shutdown()
