"""The schemas agree with the models, in both views and both dialects."""

import json
from typing import Any

import pytest

from contracts.acceptance import admits
from contracts.base import Event
from contracts.envelope import Envelope, Malformed, read_event
from contracts.samples import NOON, examples
from contracts.schemas import DRAFT_07, HEADERS, consumer, draft_07, embedded, opened, producer
from contracts.topics import BY_TYPE

EVENTS = list(BY_TYPE.values())
STRANGE: tuple[Any, ...] = (
    "",
    "X Y",
    "a" * 65,
    0,
    -1,
    10**13,
    1.5,
    True,
    None,
    [],
    {},
    ["a"],
    "2026-11-20",
    "true",
    "12",
)


def fields() -> list[tuple[type[Event], str]]:
    return [(event, name) for event in EVENTS for name in event.model_fields]


@pytest.mark.parametrize(("event", "field"), fields(), ids=lambda one: getattr(one, "type_tag", one))
def test_a_reader_accepts_exactly_the_values_that_the_published_schema_accepts(
    event: type[Event], field: str
) -> None:
    schema = consumer(event)["properties"][field]
    body = examples(event)[0].body

    for value in STRANGE:
        if schema.get("format") == "date-time" or isinstance(value, list | dict):
            continue  # times and lists are tested with the examples
        assert reads(event, body | {field: value}) == admits(schema, value), f"{field}={value!r}"


def reads(event: type[Event], body: dict[str, Any]) -> bool:
    try:
        read_event(event.type_tag, json.dumps(body).encode())
    except Malformed:
        return False
    return True


@pytest.mark.parametrize("value", [1700000000, True, None, "2026-11-20T09:30:00", "yesterday", ""])
def test_a_time_is_a_text_with_an_offset(value: object) -> None:
    event = BY_TYPE["report-registered.v1"]

    assert not reads(event, examples(event)[0].body | {"heard_at": value})


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.type_tag)
def test_producers_are_closed_and_readers_open(event: type[Event]) -> None:
    assert producer(event)["additionalProperties"] is False
    assert consumer(event)["additionalProperties"] is True
    assert consumer(event)["$id"] == f"https://ascolto.example/contracts/{event.type_tag}.json"


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.type_tag)
def test_no_field_can_grow_so_far_that_a_record_is_refused_by_the_broker(event: type[Event]) -> None:
    for name, schema in producer(event)["properties"].items():
        for one in schema.get("anyOf", [schema]):
            items = one.get("items", one)
            bounded = one.get("type") != "array" or one["maxItems"] <= 64
            text = items.get("type") != "string" or "pattern" in items or "format" in items
            assert bounded, f"{name} has no bound"
            assert text, f"{name} has no bound"


def test_draft_07_has_its_own_keywords() -> None:
    newer = {
        "type": "object",
        "properties": {"$defs": {"$ref": "#/$defs/It"}, "pair": {"prefixItems": [{}], "items": False}},
        "$defs": {"It": {"type": "string"}},
    }

    older = draft_07(newer)

    assert older["$schema"] == DRAFT_07
    assert older["definitions"] == {"It": {"type": "string"}}
    assert older["properties"]["$defs"] == {"$ref": "#/definitions/It"}
    inside = embedded(older, "#/components/schemas/it.v1")
    assert inside["properties"]["$defs"] == {"$ref": "#/components/schemas/it.v1/definitions/It"}
    assert "$schema" not in inside
    assert older["properties"]["pair"] == {"items": [{}], "additionalItems": False}


def test_inner_objects_are_opened_too() -> None:
    inner = {"type": "object", "additionalProperties": False}

    assert opened({"items": inner})["items"]["additionalProperties"] is True


def test_the_table_of_headers_is_what_the_envelope_writes() -> None:
    least = Envelope("id", "t", "/s", "subject", NOON, 1, "c")
    most = Envelope("id", "t", "/s", "subject", NOON, 1, "c", "cause", NOON, "00-1-2-3")

    assert {name for name, _ in most.headers()} == {name for name, *_ in HEADERS}
    assert {name for name, _ in least.headers()} == {name for name, always, *_ in HEADERS if always}
    for name, _, schema, _ in HEADERS:
        assert admits(schema, dict(most.headers())[name].decode()), name
