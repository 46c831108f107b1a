"""The contract of Contacts, for the adapter in memory and the one over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from chassis.errors import Unavailable
from intake.entrypoints.api.internal import MOST as TAKEN
from notify.adapters.contacts_http import MANY, REPORTS_PER_REQUEST, HttpContacts, intake_client
from notify.adapters.memory import MemoryContacts
from notify.app.ports import Contacts
from notify.domain.letters import Contact

KNOWN, UNKNOWN = "0190a000-0000-7000-8000-000000000001", "0190a000-0000-7000-8000-000000000002"
MARIA = Contact("maria@example.org", "Maria Esempio", "ro", "A84A5-ZGR6S", "Ascensore", "via dei Campioni 3")
TOKEN = httpx.BasicAuth("notify", "an invented secret")


@dataclass
class Intake:
    """A stand-in for intake's contacts endpoint, with the real limit of reports per request."""

    known: dict[str, Any] = field(default_factory=dict)
    answer: Response | None = None
    shown: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/internal/contacts")
        async def contacts(
            report_id: Annotated[list[str], Query(max_length=TAKEN)], request: Request
        ) -> Response:
            self.shown.append(request.headers["authorization"])
            self.asked.append(report_id)
            await asyncio.sleep(0.01)
            known = {one: self.known[one] for one in report_id if one in self.known}
            return self.answer or JSONResponse({"contacts": known})

        return app


@pytest.fixture
async def intake() -> Intake:
    return Intake({KNOWN: asdict(MARIA), UNKNOWN: None})


@pytest.fixture
async def over_http(intake: Intake) -> AsyncIterator[HttpContacts]:
    transport = httpx.ASGITransport(intake.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", auth=TOKEN) as client:
        yield HttpContacts(client)


@pytest.fixture(params=["memory", "http"])
def contacts(request: pytest.FixtureRequest, over_http: HttpContacts) -> Contacts:
    return MemoryContacts({KNOWN: MARIA}) if request.param == "memory" else over_http


async def test_a_contact_is_the_current_one(contacts: Contacts) -> None:
    assert await contacts.of(KNOWN) == MARIA


async def test_a_report_without_contact_has_none(contacts: Contacts) -> None:
    assert await contacts.of(UNKNOWN) is None


async def test_requests_are_authenticated(over_http: HttpContacts, intake: Intake) -> None:
    await over_http.of(KNOWN)

    assert [shown.split()[0] for shown in intake.shown] == ["Basic"]


async def test_a_contact_without_an_address_is_none(over_http: HttpContacts, intake: Intake) -> None:
    intake.known[KNOWN] = {"email": None, "name": "Maria Esempio", "language": "it"}

    assert await over_http.of(KNOWN) is None


async def test_an_intake_of_the_previous_version_names_no_report(
    over_http: HttpContacts, intake: Intake
) -> None:
    intake.known[KNOWN] = {"email": MARIA.email, "name": MARIA.name, "language": MARIA.language}

    assert await over_http.of(KNOWN) == replace(MARIA, tracking_code=None, category=None, place=None)


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("not found", 404),
        JSONResponse({"detail": "Not Found"}, 404),
        JSONResponse({"type": "urn:ascolto:problem:no-token"}, 401),
        JSONResponse({"contacts": {KNOWN: None}}, 404),
        JSONResponse({"contacts": {}}),
        JSONResponse({"contacts": {KNOWN: {}}}),
        JSONResponse({"contacts": None}),
        JSONResponse({"type": "urn:ascolto:problem:unavailable"}, 503),
        PlainTextResponse("<html>", 200),
        JSONResponse([], 200),
    ],
)
async def test_an_unexpected_answer_suppresses_no_message(
    over_http: HttpContacts, intake: Intake, answer: Response
) -> None:
    intake.answer = answer

    with pytest.raises(Unavailable):
        await over_http.of(KNOWN)


async def test_concurrent_calls_share_requests_and_each_has_its_own_contact(
    over_http: HttpContacts, intake: Intake
) -> None:
    crowd = [f"0190a000-0000-7000-9000-{number:012}" for number in range(2 * REPORTS_PER_REQUEST)]
    intake.known |= {one: {"email": f"{one}@example.org", "name": None, "language": "it"} for one in crowd}

    first = asyncio.create_task(over_http.of(KNOWN))
    await asyncio.sleep(0.005)  # the first request is in flight
    found = await asyncio.gather(*(over_http.of(one) for one in crowd))

    assert await first == MARIA
    assert [one and one.email for one in found] == [f"{one}@example.org" for one in crowd]
    assert [len(asked) for asked in intake.asked] == [1, REPORTS_PER_REQUEST, REPORTS_PER_REQUEST]


async def test_while_a_queue_is_sent_requests_gather_a_little(
    over_http: HttpContacts, intake: Intake
) -> None:
    crowd = [f"0190a000-0000-7000-9000-{number:012}" for number in range(MANY + 3)]
    intake.known |= dict.fromkeys(crowd)
    over_http.gather_seconds = 0.5

    await asyncio.gather(*(over_http.of(one) for one in crowd[:-2]))
    first = asyncio.create_task(over_http.of(crowd[-2]))
    for _ in range(2):
        await asyncio.sleep(0)  # the request of a single call would be on its way
    await asyncio.gather(first, over_http.of(crowd[-1]))

    assert [len(asked) for asked in intake.asked] == [MANY + 1, 2]


async def test_a_cancelled_call_does_not_cancel_the_request_of_others(
    over_http: HttpContacts, intake: Intake
) -> None:
    waiting = [asyncio.create_task(over_http.of(KNOWN)) for _ in range(2)]
    await asyncio.sleep(0.005)
    waiting[0].cancel()

    assert await waiting[1] == MARIA
    assert len(intake.asked) == 1


async def test_a_failed_request_does_not_affect_the_next(over_http: HttpContacts, intake: Intake) -> None:
    intake.answer = JSONResponse({}, 503)
    with pytest.raises(Unavailable):
        await over_http.of(KNOWN)
    intake.answer = None

    assert await over_http.of(KNOWN) == MARIA


class NoToken(httpx.Auth):
    """Authentication while the issuer is down."""

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise Unavailable("the issuer does not answer")
        yield request


async def test_without_a_token_no_request_is_sent_and_the_error_is_transient(intake: Intake) -> None:
    transport = httpx.ASGITransport(intake.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", auth=NoToken()) as client:
        with pytest.raises(Unavailable, match="issuer"):
            await HttpContacts(client).of(KNOWN)

    assert intake.shown == []


async def test_an_intake_that_is_down_is_a_transient_error() -> None:
    async with intake_client("http://127.0.0.1:9", TOKEN) as client:
        with pytest.raises(Unavailable, match="ConnectError"):
            await HttpContacts(client).of(KNOWN)
