"""What every door takes in its fields: times and days in one form, and no text that cannot be kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fuzz.existing import ExistingData
from tests.fuzz.known import existing_data
from tests.http.services import SERVICES, Furnished, furnished
from tests.http.test_routes import context_of

TIMES = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-11-20T12:00:00",
    1_700_000_000,
    "5",
    1.5,
]
DAYS = [
    "2026-01-02T00:00:00",
    "2026-01-02T00:00:00Z",
    "20260102",
    "2026-W01-5",
    "2026-02-30",
    "1550-01-01",
    20_000,
]
NO_TEXTS = ["a\ud800", "a\x00b"]
# Names that hold a record's key, as its producer wrote it: a key with a null has to be found again.
ANY_CHARACTERS = {"head", "record"}
# Where the document names no sound body that the fuzzer knows.
BODIES = {
    "POST /ops/republish": {"since": "2026-11-20T12:00:00Z"},
    "POST /v1/cases/{report_id}/resolution": {"outcome": "solved"},
    "POST /internal/status-sessions": {"permission": "p", "browser": "b"},
}


def fields_of(
    document: dict[str, Any], schema: dict[str, Any]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every field of a body that holds no other: its path and its schema."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", ()):
        yield from fields_of(document, one)
    for name, one in schema.get("properties", {}).items():
        yield from (((name, *path), inner) for path, inner in fields_of(document, one))
    if "items" in schema:
        yield from (((0, *path), inner) for path, inner in fields_of(document, schema["items"]))
    if "type" in schema and schema["type"] not in ("object", "array"):
        yield (), schema


def routes_with_bodies(
    service: Furnished, known: ExistingData
) -> Iterator[tuple[str, str, dict[str, Any], tuple[Any, ...], dict[str, Any]]]:
    """Door, path, sound body, and each field of it with its schema."""
    document = service.app.openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            endpoint = f"{method.upper()} {path}"
            body = known.bodies.get(endpoint) or BODIES.get(endpoint, {})
            for field, schema in fields_of(document, content["schema"]):
                yield endpoint, path.format(**known.of(path)), body, field, schema


def hostile(field: tuple[Any, ...], schema: dict[str, Any]) -> list[Any]:
    if schema.get("format") == "date-time":
        return [*TIMES, *NO_TEXTS]
    if schema.get("format") == "date":
        return [*DAYS, *NO_TEXTS]
    if schema["type"] == "string":
        return NO_TEXTS[:1] if field[-1] in ANY_CHARACTERS else NO_TEXTS
    return []


def spoiled(body: Any, field: tuple[Any, ...], value: Any) -> Any:
    """The body with this value in one field; a list gets one entry."""
    if not field:
        return value
    name, *rest = field
    if isinstance(name, int):
        return [spoiled(body[0] if body else {}, tuple(rest), value)]
    return body | {name: spoiled(body.get(name) or {}, tuple(rest), value)}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_field_refuses_what_cannot_be_kept_and_is_named(name: str, tmp_path: Path) -> None:
    formats: set[str] = set()
    async with furnished(name, tmp_path) as service:
        known = await existing_data(name, service)
        roles = {endpoint: lock.roles[0] for endpoint, lock in context_of(service.app).items()}
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}.example") as client:
            for endpoint, path, body, field, schema in routes_with_bodies(service, known):
                formats.add(schema.get("format", schema["type"]))
                for value in hostile(field, schema):
                    answer = await client.request(
                        endpoint.partition(" ")[0],
                        path,
                        content=json.dumps(spoiled(body, field, value)),
                        headers=known.headers
                        | {"Content-Type": "application/json", "Authorization": f"Bearer {roles[endpoint]}"},
                    )
                    said = answer.json()
                    assert answer.status_code == 422, (endpoint, field, value, answer.text)
                    named = {said["field"], *(row["field"] for row in said.get("errors", ()))}
                    assert ".".join(map(str, field)) in named, (endpoint, field, value, said)
                    assert said.get("fix"), (endpoint, field, value, said)
    assert {"string", "date-time"} <= formats  # the document says what a field holds
