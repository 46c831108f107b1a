"""A direct route answers as FastAPI does: the same status, body and headers, whatever is sent."""

import asyncio
import json
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Response
from fastapi.routing import APIRoute
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Message

from chassis.errors import Misuse
from chassis.fields import Instant
from chassis.http.app import build_app
from chassis.http.context import BearerGuard
from chassis.http.middleware import Limits
from chassis.http.rates import Rates
from chassis.observe.metrics import Metrics
from chassis.service import DirectRoute
from chassis.testing import MemoryTokens


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int = Field(0, ge=0)


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=5)
    at: Instant | None = None
    inner: Inner | None = None


def app_with(route: type[APIRoute], role: str = "public", rates: Rates | None = None) -> FastAPI:
    guard = BearerGuard(MemoryTokens({"op": "operator"}), (role,), rates or Rates())
    router = APIRouter(prefix="/v1", dependencies=[Depends(guard)])

    async def note(
        body: Note, sender: Annotated[str | None, Header(alias="Sender", pattern="^[a-z]+$")] = None
    ) -> Response:
        return Response(json.dumps([repr(body), sender]), 201, {"Location": "/"}, "application/json")

    router.add_api_route(
        "/notes", note, methods=["POST"], response_model=list[str], route_class_override=route
    )
    return build_app("noted", Metrics("noted"), [router], dict, dict, Limits(body=200))


ROUTES = (DirectRoute, APIRoute)
BOTH = [app_with(route) for route in ROUTES]
VALUES = st.none() | st.text(max_size=6) | st.integers(-2, 2) | st.just("2026-11-20T12:00:00+01:00")
BODIES = st.dictionaries(
    st.sampled_from(["text", "at", "inner", "more"]),
    VALUES | st.dictionaries(st.sampled_from(["number", "x"]), VALUES),
)
SENT = BODIES.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=20)
TYPES = st.sampled_from([b"application/json", b"application/json; charset=utf-8", b"text/plain", b""])
FIELDS = st.lists(
    st.tuples(st.just(b"content-type"), TYPES)
    | st.tuples(st.just(b"sender"), st.sampled_from([b"abc", b"A"])),
    max_size=3,
)


def answers(apps: list[FastAPI], body: bytes, fields: list[tuple[bytes, bytes]]) -> list[Any]:
    async def asked(app: FastAPI) -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://noted") as client:
            answer = await client.send(
                httpx.Request("POST", "http://noted/v1/notes", content=body, headers=fields)
            )
            return answer.status_code, answer.content, sorted(answer.headers.raw)

    async def all_asked() -> list[Any]:
        return [await asked(app) for app in apps]

    return asyncio.run(all_asked())


JSON = [(b"content-type", b"application/json")]


@given(SENT, FIELDS)
@example(b'{"text": "a"}', JSON)
@example(b'{"text": "\\ud800"}', JSON)
@example(b'{"text": "a"}', [*JSON, (b"content-type", b"text/plain")])
@example(b'{"text": "a"}', [*JSON, (b"sender", b"abc"), (b"sender", b"A")])
@example(b'{"text": "a", "text": "b", "inner": {"number": 1, "number": "2"}}', JSON)
@example(b'{"text": "a", "inner": {"number": 1.0}}', JSON)
@example(b'{"text": "a", "inner": {"number": true}}', JSON)
@example(b'{"text": "a", "inner": {"number": 1e400}}', JSON)
@example(b'{"text": "a", "inner": {"number": NaN}}', JSON)
@example(b'{"text": "a", "inner": {"number": 9' + b"0" * 150 + b"}}", JSON)
@example(b'{"text": "\\u0000", "at": 1}', JSON)
@example('\ufeff{"text": "a"}'.encode(), JSON)
@example('{"text": "à"}'.encode("utf-16"), JSON)
@example(b'{"text": "a"} x', JSON)
@example(b"[" * 199, JSON)
@example(b"x" * 201, JSON)
@example(b"\xff", JSON)
@example(b"", JSON)
def test_every_request_has_the_answer_of_fastapi(body: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    direct, by_fastapi = answers(BOTH, body, fields)

    assert direct == by_fastapi


@pytest.mark.parametrize("body", [b'{"text": "a"}', b'{"text": 1}'])
def test_each_request_is_counted_once_and_needs_its_role(body: bytes) -> None:
    limited = [app_with(route, rates=Rates(0.001, 2)) for route in ROUTES]
    locked = [app_with(route, role="operator") for route in ROUTES]

    assert [[one[0] for one in answers(limited, body, JSON)] for _ in range(3)][-2:] == [
        [201 if b'"a"' in body else 422] * 2,
        [429] * 2,
    ]
    assert [one[0] for one in answers(locked, body, JSON)] == [401, 401]
    assert [one[0] for one in answers(locked, body, [*JSON, (b"authorization", b"Bearer op")])] == [
        201 if b'"a"' in body else 422
    ] * 2


def test_the_description_is_that_of_fastapi() -> None:
    direct, by_fastapi = (app.openapi() for app in BOTH)

    assert direct == by_fastapi
    assert direct["paths"]["/v1/notes"]["post"]["requestBody"]["required"]


def test_what_it_does_not_do_itself_is_refused_when_the_route_is_made() -> None:
    async def with_query(body: Note, more: str) -> Response:
        return Response(f"{body} {more}")

    async def with_body(body: Note) -> Response:
        return Response(f"{body}")

    for endpoint, guards in ((with_query, []), (with_body, [Depends(lambda: None)])):
        with pytest.raises(Misuse, match="direct route"):
            APIRouter().add_api_route(
                "/notes",
                endpoint,
                methods=["POST"],
                dependencies=guards,
                route_class_override=DirectRoute,
            )


async def test_a_body_in_parts_has_the_answer_of_fastapi_and_one_that_is_cut_off_is_refused() -> None:
    async def asked(app: FastAPI, end: Message) -> list[Message]:
        parts = iter([{"type": "http.request", "body": b'{"text": ', "more_body": True}, end])
        sent: list[Message] = []
        scope = {"type": "http", "scheme": "http", "method": "POST", "path": "/v1/notes", "query_string": b""}
        scope |= {"headers": [(b"host", b"noted"), *JSON], "client": ("192.0.2.1", 1), "http_version": "1.1"}

        async def receive() -> Message:
            return next(parts)

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, send)
        return sent

    rest: Message = {"type": "http.request", "body": b'"a"}'}
    whole = [await asked(app, rest) for app in BOTH]
    cut_off = [await asked(app, {"type": "http.disconnect"}) for app in BOTH]

    assert whole[0] == whole[1]
    assert [sent[0]["status"] for sent in (*whole, *cut_off)] == [201, 201, 400, 400]
