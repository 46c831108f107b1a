"""The routes of Open311 GeoReport v2."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from chassis.service import ServiceContext
from intake.app.open311_keys import HEADER
from intake.app.use_cases import UseCases
from intake.entrypoints.api.open311 import views
from intake.entrypoints.api.open311.endpoint import Endpoint
from intake.entrypoints.api.open311.errors import Faults, Open311Route
from intake.entrypoints.api.open311.formats import HEADERS, MEDIA_TYPES, Format, Value, rendered
from intake.entrypoints.api.open311.forms import MEDIA_TYPE, read_form
from intake.entrypoints.api.open311.parameters import Jurisdiction, RequestsQuery, UpdatesQuery, is_true
from webkit.i18n import Language, Texts, chosen_language

PREFIX = "/open311/v2"
_CACHED = {"Cache-Control": "public, max-age=60"}
_RESOURCES: Mapping[str, str] = {
    r"(v2/)?discovery\.(xml|json)": "GET, HEAD, OPTIONS",
    r"v2/services(/[^/]+)?\.(xml|json)": "GET, HEAD, OPTIONS",
    r"v2/requests\.(xml|json)": "GET, HEAD, OPTIONS, POST",
    r"v2/(requests/[^/]+|tokens/[^/]+|servicerequestupdates)\.(xml|json)": "GET, HEAD, OPTIONS",
}
_CONTENT = {kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document.", "content": _CONTENT},
    400: {"description": "A parameter is missing or wrong.", "content": _CONTENT},
    403: {"description": "The api_key is missing or wrong.", "content": _CONTENT},
    404: {"description": "There is no such thing, or no such format or jurisdiction.", "content": _CONTENT},
    429: {"description": "Too many requests; Retry-After has the seconds to wait.", "content": _CONTENT},
}
_FIELDS = (
    "jurisdiction_id service_code lat long address_string address_id email device_id account_id first_name "
    "last_name phone description media_url api_key"
)
_BODY = {
    "required": True,
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["service_code"],
                "properties": {name: {"type": "string"} for name in _FIELDS.split()},
            }
        }
    },
}
Reading = Annotated[Jurisdiction, Query()]


class Open311Api:
    """Answers the calls of GeoReport v2."""

    def __init__(self, context: ServiceContext, use_cases: UseCases, endpoint: Endpoint) -> None:
        self._context, self._cases, self._endpoint = context, use_cases, endpoint
        self._texts = Texts.of("intake")

    async def discovery(self, format: Format) -> Response:  # noqa: A002 - the term of the specification
        """What this endpoint is, and where."""
        agency, url = self._endpoint.agency, self._endpoint.public_url
        document = views.discovery(
            await self._cases.public_requests.changeset(),
            f"{agency.name}: {agency.email}, {agency.phone}",
            f"{agency.name}: {agency.email}",
            f"{url}{PREFIX}",
            self._endpoint.is_test,
        )
        return _cached(rendered(format, "discovery", document))

    async def services(self, request: Request, format: Format, query: Reading) -> Response:  # noqa: A002
        """The services: the categories whose reports may be public."""
        self._endpoint.check(query.jurisdiction_id)
        reader, found = await self._reader(request), self._cases.public_requests
        every = await found.categories()
        rows: list[Value] = [views.service(one, every, reader) for one in await found.services()]
        return _cached(rendered(format, "services", rows))

    async def service(
        self,
        request: Request,
        service_code: str,
        format: Format,  # noqa: A002
        query: Reading,
    ) -> Response:
        """The definition of a service."""
        self._endpoint.check(query.jurisdiction_id)
        found = await self._cases.public_requests.service(service_code)
        return _cached(
            rendered(format, "service_definition", views.definition(found, await self._reader(request)))
        )

    async def requests(
        self,
        request: Request,
        format: Format,  # noqa: A002
        query: Annotated[RequestsQuery, Query()],
    ) -> Response:
        """The requests of public services, the latest first: of the last 90 days, and at most 1,000."""
        self._endpoint.check(query.jurisdiction_id)
        found = await self._cases.public_requests.find(query.filter(self._context.clock()))
        reader, more = await self._reader(request), is_true(query.extensions)
        return rendered(format, "service_requests", [views.request(one, reader, more) for one in found])

    async def request(
        self,
        request: Request,
        service_request_id: str,
        format: Format,  # noqa: A002
        query: Reading,
        extensions: str = "",
    ) -> Response:
        """One request, in a list."""
        self._endpoint.check(query.jurisdiction_id)
        found = await self._cases.public_requests.one(service_request_id)
        document = views.request(found, await self._reader(request), is_true(extensions))
        return rendered(format, "service_requests", [document])

    async def token(self, token: str, format: Format, query: Reading) -> Response:  # noqa: A002
        """The request of a token: each service is realtime, so the id of a request is its token."""
        self._endpoint.check(query.jurisdiction_id)
        found = await self._cases.public_requests.one(token)
        document: Value = {"service_request_id": found.report.report_id, "token": token}
        return rendered(format, "service_requests", [document])

    async def updates(
        self,
        request: Request,
        format: Format,  # noqa: A002
        query: Annotated[UpdatesQuery, Query()],
    ) -> Response:
        """The updates of requests, the oldest first (mySociety's extension)."""
        self._endpoint.check(query.jurisdiction_id)
        ids = tuple(
            part.strip() for one in query.service_request_id for part in one.split(",") if part.strip()
        )
        found = await self._cases.public_requests.updates(query.times(self._context.clock()), ids)
        language = self._language(request)
        return rendered(format, "service_request_updates", [views.update(one, language) for one in found])

    async def post(
        self,
        request: Request,
        format: Format,  # noqa: A002
        api_key: str = "",
        extensions: str = "",
    ) -> Response:
        """Register a request."""
        form = await read_form(request)
        sent = request.headers.get(HEADER) or form.text("api_key") or api_key
        key = self._endpoint.keys.admit(sent)
        self._endpoint.check(form.text("jurisdiction_id"))
        language = self._language(request)
        made = await self._cases.open311.submit(form.posted(language.code), key)
        more = is_true(extensions or form.text("extensions"))
        document = views.registered(made, language, form.text("account_id"), more)
        return rendered(format, "service_requests", [document])

    async def absent(self, request: Request, rest: str) -> Response:
        """Nothing is here, or not with this method; OPTIONS tells a browser's program that it may read."""
        allowed = next((allow for shape, allow in _RESOURCES.items() if re.fullmatch(shape, rest)), "")
        if request.method == "OPTIONS" and allowed:
            asked = {"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Access-Control-Max-Age": "86400"}
            return Response(status_code=204, headers={**HEADERS, **asked, "Allow": allowed})
        if allowed:
            raise Faults([f"This resource has the methods {allowed}."], 405, {"Allow": allowed})
        raise Faults(["There is nothing here: see discovery.xml, and end a path with .xml or .json."], 404)

    async def _reader(self, request: Request) -> views.Reader:
        language = self._language(request)
        words = await self._cases.registers.words(language.code)
        return views.Reader(language, words, self._endpoint)

    def _language(self, request: Request) -> Language:
        return chosen_language(request, self._texts)


def router(context: ServiceContext, use_cases: UseCases, endpoint: Endpoint) -> APIRouter:
    """The routes of GeoReport v2; what is unknown below them is answered as the specification says."""
    guards = [Depends(context.require("public"))]
    routes = APIRouter(prefix="/open311", tags=["open311"], route_class=Open311Route, dependencies=guards)
    api = Open311Api(context, use_cases, endpoint)
    _serve(routes, "/discovery.{format}", api.discovery, hidden=True)
    _serve(routes, "/v2/discovery.{format}", api.discovery)
    _serve(routes, "/v2/services.{format}", api.services)
    _serve(routes, "/v2/services/{service_code}.{format}", api.service)
    _serve(routes, "/v2/requests.{format}", api.requests)
    _serve(routes, "/v2/requests/{service_request_id}.{format}", api.request)
    _serve(routes, "/v2/tokens/{token}.{format}", api.token)
    _serve(routes, "/v2/servicerequestupdates.{format}", api.updates)
    extra = {"requestBody": _BODY}
    routes.add_api_route(
        "/v2/requests.{format}", api.post, methods=["POST"], responses=_RESPONSES, openapi_extra=extra
    )
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    routes.add_api_route("/{rest:path}", api.absent, methods=every, include_in_schema=False)
    return routes


def _serve(routes: APIRouter, path: str, answer: Callable[..., Any], *, hidden: bool = False) -> None:
    routes.add_api_route(path, answer, methods=["GET"], responses=_RESPONSES, include_in_schema=not hidden)
    routes.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)


def _cached(response: Response) -> Response:
    response.headers.update(_CACHED)
    return response
