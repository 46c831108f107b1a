"""A client retries where it can succeed later, and gives up after its time limit."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stack.dev_tokens import DevTokens
from stack.play import Log, Player, PublicApis, read_log
from stack.scenario_world import Report, Scenario

HOST = "http://there.example"
BODY = {"category": "verde", "place_id": "bg", "channel": "api", "description": "Erba alta"}
ALL = frozenset({0, 1})


class Service:
    """A service that rejects every token but those of the given requests, counted from 1."""

    def __init__(self, *accepted: int) -> None:
        self.asked: list[str] = []
        self.senders: list[str] = []
        self._accepted = accepted
        routes = [
            Route("/token", self._token, methods=["POST"]),
            Route("/v1/reports", self._accept, methods=["POST"]),
            Route("/v1/reports/{code}/withdrawal", self._accept, methods=["POST"]),
            Route("/v1/cases/{report_id}", self._answer),
            Route("/v1/cases/{report_id}/resolution", self._answer, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    async def _token(self, _: Request) -> JSONResponse:
        return JSONResponse({"access_token": "token", "expires_in": 300})

    async def _accept(self, request: Request) -> JSONResponse:
        assert "sender" not in await request.json()
        self.senders.append(request.headers["ascolto-sender"])
        return JSONResponse({"tracking_code": "CODE", "pin": "123456"})

    async def _answer(self, request: Request) -> JSONResponse:
        assert request.headers["authorization"] == "Bearer token"
        self.asked.append(request.method)
        status = 200 if len(self.asked) in self._accepted else 401
        return JSONResponse({}, status)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


async def _resolve(service: Service, log: Path, retry_seconds: float) -> int:
    report = Report(0, "r1", "json", "technical", "BG", {})
    apis = PublicApis(HOST, HOST, HOST, DevTokens(HOST, {"operator": "s"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app)) as client:
        written = Log(log)
        await Player(client, apis, written, lambda _: None, retry_seconds).work_on(report, "r1")
        written.close()
    return read_log(log)[0].status


async def test_a_request_with_a_rejected_token_is_retried(log: Path) -> None:
    service = Service(2, 5)
    assert await _resolve(service, log, retry_seconds=30) == 200
    assert service.asked == ["GET", "GET", "POST", "POST", "POST"]


async def test_a_token_that_stays_rejected_is_reported_after_the_limit(log: Path) -> None:
    assert await _resolve(Service(1), log, retry_seconds=0.3) == 401


async def test_each_report_has_a_secret_that_goes_with_every_resend_and_is_not_written_down(
    log: Path,
) -> None:
    service, reports = Service(), tuple(Report(n, f"r{n}", "json", "technical", "BG", BODY) for n in range(2))
    scenario = Scenario(0, reports, (), withdrawn=ALL, resolved=frozenset(), again=ALL, reused=ALL)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app)) as client:
        written = Log(log)
        apis = PublicApis(HOST, HOST, HOST, DevTokens(HOST, {"operator": "s"}))
        for report in reports:
            await Player(client, apis, written, lambda _: None).submit(report, scenario, {})
        written.close()

    first, second = service.senders[:4], service.senders[4:]
    assert (len(set(first)), len(set(second)), len({*first, *second})) == (1, 1, 2)
    assert not [sender for sender in {*first, *second} if sender in log.read_text()]
