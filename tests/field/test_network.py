"""The unreliable network does to requests what it counts, and the same seed does the same."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.field.network import CALM, LOSSES, Fate, Network, Request, Weather

from stack.ports import HOST, free_port

PATIENCE = 30.0
BODY = b"x" * 4000


class Server:
    """Answers with the path and the length of the body; keeps what arrived whole, and what did not."""

    def __init__(self) -> None:
        self.whole: list[tuple[str, bytes]] = []
        self.broken = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.broken += 1
            writer.close()
            return
        path = head.split(b" ")[1].decode()
        self.whole.append((path, body))
        said = f"{path} {len(body)}".encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(said), said)
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def network(weather: Weather = CALM, seed: int = 1) -> AsyncIterator[tuple[Server, Network]]:
    server, target = Server(), free_port()
    listening = await asyncio.start_server(server.serve, HOST, target)
    made = Network(free_port(), target, seed, weather)
    async with listening, made.listening():
        yield server, made


async def ask(made: Network, path: str, body: bytes = BODY) -> bytes:
    """The body of the answer; raises ConnectionError when the network lost request or answer."""
    reader, writer = await asyncio.open_connection(HOST, made.port)
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: here\r\nConnection: keep-alive\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        writer.write(head.encode() + body)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()
    given, _, rest = answer.partition(b"\r\n\r\n")
    if f"Content-Length: {len(rest)}".encode() not in given:
        raise ConnectionResetError("the answer is not whole")
    return rest


async def outcome(made: Network, path: str) -> bool:
    try:
        return await ask(made, path) == f"{path} {len(BODY)}".encode()
    except ConnectionError:
        return False


async def test_a_calm_network_forwards_everything() -> None:
    async with network() as (server, made):
        assert [await outcome(made, f"/{n}") for n in range(20)] == [True] * 20
        assert made.counts == {Fate.PASSED: 20}
        assert [body for _, body in server.whole] == [BODY] * 20


async def one_of(fate: Fate) -> tuple[bool, int, int]:
    """Whether the request was answered, how often it arrived whole, and how often broken."""
    weather = Weather(loss=1.0 if fate in LOSSES else 0.0, late=1.0)
    async with network(weather) as (server, made):
        made._fates.choices = lambda *_: [fate]  # type: ignore[method-assign]
        answered = await outcome(made, "/one")
        for _ in range(100 if fate is Fate.CUT else 0):
            await asyncio.sleep(0 if server.broken else 0.05)
        assert made.counts == {fate: 1}
        return answered, len(server.whole), server.broken


@pytest.mark.parametrize(
    ("fate", "wanted"),
    [
        (Fate.DELAYED, (True, 1, 0)),
        (Fate.REFUSED, (False, 0, 0)),
        (Fate.CUT, (False, 0, 1)),
        (Fate.UNANSWERED, (False, 1, 0)),
        (Fate.HALF_ANSWERED, (False, 1, 0)),
    ],
)
async def test_each_fate_is_what_its_name_says(fate: Fate, wanted: tuple[bool, int, int]) -> None:
    assert await one_of(fate) == wanted


async def test_the_share_of_lost_requests_is_the_one_that_was_wanted() -> None:
    async with network(Weather(loss=0.3, late=0.0), seed=5) as (server, made):
        answered = Counter([await outcome(made, f"/{n}") for n in range(400)])
        assert 0.25 < made.lost_share < 0.35
        assert answered[False] == round(made.lost_share * 400)
        assert {*made.counts} == {Fate.PASSED, *LOSSES}
        unknown = made.counts[Fate.UNANSWERED] + made.counts[Fate.HALF_ANSWERED]
        assert len(server.whole) == answered[True] + unknown


async def test_the_first_answer_that_is_owed_to_be_lost_is_lost_and_no_other() -> None:
    weather = Weather(loss=0, late=0, unanswered_once=(re.compile("^PUT /one$"), re.compile("/t")))
    async with network(weather) as (server, made):
        answered = [await outcome(made, path) for path in ("/one", "/one", "/three", "/two", "/other")]
        assert answered == [False, True, False, True, True]
        assert len(server.whole) == 5


async def test_the_same_seed_has_the_same_fates() -> None:
    async def fates(seed: int) -> list[Fate]:
        async with network(Weather(late_seconds=(0.0, 0.0)), seed=seed) as (_, made):
            for n in range(60):
                await outcome(made, f"/{n}")
            return [seen.fate for seen in made.log]

    first, again, other = await fates(3), await fates(3), await fates(4)
    assert first == again != other


async def test_a_network_that_went_away_resets_everything_and_comes_back() -> None:
    async with network() as (server, made):
        made.go_away()
        assert not await outcome(made, "/away")
        assert server.whole == []
        made.come_back()
        assert await outcome(made, "/back")
        assert made.counts == {Fate.AWAY: 1, Fate.PASSED: 1}


async def test_an_answer_on_its_way_is_lost_when_the_network_goes_away() -> None:
    async with network(Weather(loss=0, late=1.0, late_seconds=(1.0, 1.0))) as (server, made):
        asked = asyncio.create_task(outcome(made, "/one"))
        while not server.whole:
            await asyncio.sleep(0.01)
        made.go_away()
        assert not await asked
        while made.counts != {Fate.BROKEN_OFF: 1}:
            await asyncio.sleep(0.05)


async def test_a_flapping_network_goes_away_and_comes_back_by_itself() -> None:
    weather = Weather(loss=0, late=0, up_seconds=(0.05, 0.1), away_seconds=(0.05, 0.1))
    async with network(weather) as (_, made):
        for n in range(2000):
            await outcome(made, f"/{n}")
            if made.counts[Fate.AWAY] and made.log[-1].fate is Fate.PASSED:
                return
    pytest.fail(f"never away and back: {made.counts}")


async def test_what_is_between_may_change_requests_and_answers() -> None:
    class Between:
        def ask(self, request: Request) -> Request | bytes:
            if request.path == "/refused":
                return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
            return Request(request.head.replace(b"/one", b"/two"), request.body)

        def answer(self, request: Request, answer: bytes) -> bytes:
            return answer.replace(b"/two", b"/six")

    async with network() as (server, made):
        made.tampering = Between()
        assert await ask(made, "/one") == b"/six 4000"
        assert await ask(made, "/refused") == b"no"
        assert [path for path, _ in server.whole] == ["/two"]


async def test_a_connection_that_was_opened_in_advance_is_no_request() -> None:
    async with network() as (_, made):
        _, writer = await asyncio.open_connection(HOST, made.port)
        writer.close()
        assert await outcome(made, "/one")
        assert len(made.log) == 1
