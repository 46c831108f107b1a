"""Undocumented requests: random methods, paths, hosts and headers, as a server passes them on."""

import random
from collections.abc import Sequence

from tests.http.services import Furnished
from tests.http.test_labels import asked, labels_of
from tests.http.test_routes import routes_of

from chassis.http.problems import METHODS
from chassis.observe.metrics import OTHER

LETTERS = "!#$%&'*+-.^_`|~09azAZ"
PARTS = (
    "/",
    "//",
    ".",
    "..",
    "*",
    "?",
    "#",
    ";",
    ":80",
    "@",
    "\\",
    "é",
    "\x00",
    "%2e%2e",
    "%2f",
    "%00",
    "%ff",
    "%c0%af",
    "%",
    "%zz",
)
ORIGINS = ("", "http://evil.example", "HTTPS://127.0.0.1", "ws://x", "//evil.example", "*")
HOSTS = (
    "127.0.0.1",
    "127.0.0.1:99999",
    "evil.example",
    "",
    "a b",
    "[::1]",
    "[",
    "127.0.0.1\t",
    "x" * 300,
    "é",
    "::",
    "_",
)
NAMES = ("origin", "sec-fetch-site", "content-length", "transfer-encoding", "cookie", "authorization", "accept", "forwarded",
         "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "content-type", "host", "connection", "upgrade")  # fmt: skip


class UndocumentedRequests:
    """Random requests for one service; the same seed gives the same requests."""

    def __init__(self, name: str, service: Furnished) -> None:
        self.name, self._app, self._metrics = name, service.app, service.process.metrics
        self._routes = sorted({route.path or "/" for route in routes_of(service.app)})

    async def send(self, seed: int) -> int:
        """Send one request; return its status."""
        rng = random.Random(f"{self.name} {seed}")
        method = rng.choice((*METHODS, "TRACE", "get", self._word(rng), self._word(rng)))
        fields = [(b"host", rng.choice((*HOSTS, *HOSTS[:1] * 12)).encode())]
        fields += [
            (rng.choice((*NAMES, self._word(rng).lower())).encode(), self._value(rng))
            for _ in range(rng.randrange(6))
        ]
        status: int = (await asked(self._app, method, self._target(rng), fields, rng.choice(("1.0", "1.1"))))[
            0
        ]
        return status

    def open_labels(self) -> Sequence[str]:
        """Label values of request metrics that belong to no closed set."""
        known = {*self._routes, "(none)"}, {*METHODS, OTHER}, {str(status) for status in range(200, 600)}
        return [
            str(labels)
            for labels in labels_of(self._metrics)
            if not all(map(set.__contains__, known, labels))
        ]

    def _target(self, rng: random.Random) -> str:
        parts: list[str] = [rng.choice((*ORIGINS, *[""] * 12)), rng.choice(self._routes)]
        parts += [rng.choice((*PARTS, self._word(rng))) for _ in range(rng.randrange(5))]
        if rng.random() < 0.2:
            rng.shuffle(parts)
        return "".join(parts)

    def _word(self, rng: random.Random) -> str:
        return "".join(rng.choices(LETTERS, k=rng.randrange(1, 20)))

    def _value(self, rng: random.Random) -> bytes:
        return rng.choice(
            (
                rng.randbytes(rng.randrange(30)),
                b"9" * 30,
                b"chunked",
                b"null",
                b"http://127.0.0.1",
                b"cross-site",
            )
        )
