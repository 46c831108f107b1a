"""A JSON route whose plainly good requests are answered without FastAPI's work; all others are left to FastAPI."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi.params import Header
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from chassis.errors import Misuse
from chassis.http.context import RoleGuard

_JSON = b"application/json"

Guard = Callable[[Request], Awaitable[object]]


class DirectRoute(APIRoute):
    """Validates a JSON body with the endpoint's model and headers with FastAPI's fields, and calls guards and endpoint.

    The endpoint takes one model as its body and any headers, and returns a Response. What has another content type, is no JSON or
    is not valid goes to FastAPI with its body, which refuses it: there is one description of what is valid, and one form of each
    refusal.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._by_fastapi, self.app = self.app, self._serve
        dependant = self.dependant
        guards = [one.call for one in dependant.dependencies]
        elsewhere = (dependant.path_params, dependant.query_params, dependant.cookie_params)
        special = (dependant.request_param_name, dependant.response_param_name)
        if any(elsewhere) or any(special) or len(dependant.body_params) != 1 or self._embed_body_fields:
            raise Misuse(f"{path}: the endpoint of a direct route takes one body, and headers")
        if not all(isinstance(one, RoleGuard) for one in guards):
            raise Misuse(f"{path}: a direct route depends on guards only")
        self._guards: list[Guard] = [one for one in guards if callable(one)]
        body = dependant.body_params[0]
        model = body.field_info.annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise Misuse(f"{path}: the body of a direct route is a model")
        self._name, self._read = body.name, model.model_validate_json
        self._headers = [(_name(one.field_info), one) for one in dependant.header_params]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(reversed(scope["headers"]))  # the first of two with one name
        if given.get(b"content-type") != _JSON:
            await self._by_fastapi(scope, receive, send)
            return
        body = await _body(receive)
        values = self._valid(body, given)
        if values is None:
            await self._by_fastapi(scope, _again(body, receive), send)
            return
        request = Request(scope)
        for guard in self._guards:
            await guard(request)
        answer: Response = await self.endpoint(**values)
        await answer(scope, receive, send)

    def _valid(self, body: bytes, given: Mapping[bytes, bytes]) -> dict[str, Any] | None:
        """The arguments of the endpoint; None when anything is not valid."""
        try:
            values: dict[str, Any] = {self._name: self._read(body)}
        except ValidationError:
            return None
        for name, header in self._headers:
            value = given.get(name)
            if value is None and not header.field_info.is_required():
                values[header.name] = header.get_default()
                continue
            text = None if value is None else value.decode("latin-1")
            values[header.name], faults = header.validate(text, {}, loc=("header",))
            if faults:
                return None
        return values


def _name(header: Any) -> bytes:
    if not isinstance(header, Header) or not header.alias:
        raise Misuse("a direct route names each header with an alias")
    return header.alias.lower().encode()


async def _body(receive: Receive) -> bytes:
    parts, more = list[bytes](), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, and then what else arrives."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
