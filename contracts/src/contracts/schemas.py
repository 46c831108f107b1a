"""JSON Schemas of the events: a closed view for publishers, an open view for subscribers."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from contracts.base import Event
from contracts.envelope import SCHEMA_BASE

Schema = dict[str, Any]

DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"

# Keywords that contain subschemas: by name, as a list, or a single one.
_NAMED = ("properties", "$defs", "definitions", "patternProperties")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_ALONE = ("items", "additionalProperties", "not", "contains")

_TEXT = {"type": "string", "minLength": 1, "maxLength": 512}
_INSTANT = {"type": "string", "format": "date-time"}
# Header, whether every record has it, its schema, its description. The order on a record is not guaranteed.
HEADERS: tuple[tuple[str, bool, Schema, str], ...] = (
    ("content-type", True, {"const": "application/json"}, "The value is one JSON object in UTF-8."),
    ("ce_specversion", True, {"const": "1.0"}, "CloudEvents 1.0, binary mode."),
    ("ce_id", True, _TEXT, "The event, for ever: a copy has the same id, so remember it."),
    ("ce_type", True, _TEXT, "What happened and the version of its schema; skip a type you do not know."),
    ("ce_source", True, _TEXT, "The service that says it."),
    ("ce_subject", True, _TEXT, "The thing it is about; the same as the key."),
    ("ce_time", True, _INSTANT, "When it happened, in UTC with milliseconds."),
    ("ce_dataschema", True, {**_TEXT, "format": "uri"}, "The name of the schema of the value."),
    ("ce_partitionkey", True, _TEXT, "The key."),
    ("ce_sequence", True, {"type": "string", "pattern": r"^[0-9]{10,18}$"}, "1, 2, 3 … for each source and subject."),
    ("ce_correlationid", True, _TEXT, "What everything that follows from one beginning has in common."),
    ("ce_causationid", False, _TEXT, "The event or command that led to this one."),
    ("ce_acceptedtime", False, _INSTANT, "When the beginning of it all was accepted."),
    ("ce_traceparent", False, _TEXT, "W3C trace context."),
)  # fmt: skip


@cache
def producer(event: type[Event]) -> Schema:
    """The schema for publishers: unknown fields are not allowed."""
    schema = _without_titles(event.model_json_schema())
    body = {name: value for name, value in schema.items() if name not in ("title", "description")}
    return {
        "$schema": DRAFT_2020,
        "$id": f"{SCHEMA_BASE}producer/{event.type_tag}.json",
        "title": event.__name__,
        "description": _one_line(event.__doc__),
        **body,
    }


def consumer(event: type[Event]) -> Schema:
    """The schema for subscribers: unknown fields are allowed."""
    return opened(producer(event)) | {"$id": f"{SCHEMA_BASE}{event.type_tag}.json"}


def headers() -> Schema:
    """The schema of the headers as an object of strings; further headers are allowed."""
    return {
        "$schema": DRAFT_2020,
        "$id": f"{SCHEMA_BASE}headers.json",
        "title": "Headers",
        "description": "The Kafka headers of every record, as text.",
        "type": "object",
        "properties": {name: {"description": text, **schema} for name, _, schema, text in HEADERS},
        "required": [name for name, always, _, _ in HEADERS if always],
        "additionalProperties": True,
    }


def opened(schema: Schema) -> Schema:
    """The same schema with unknown fields allowed in every object."""

    def opened_one(one: Schema) -> Schema:
        return one | {"additionalProperties": True} if one.get("additionalProperties") is False else one

    return _mapped(deepcopy(schema), opened_one)


def draft_07(schema: Schema) -> Schema:
    """The same schema in draft-07, which more tools support."""

    def older(one: Schema) -> Schema:
        named = {"$defs": "definitions", "prefixItems": "items"}
        moved = {named.get(name, name): value for name, value in one.items()}
        if "prefixItems" in one and "items" in one:
            moved["additionalItems"], moved["items"] = one["items"], one["prefixItems"]
        if "$ref" in moved:
            moved["$ref"] = moved["$ref"].replace("#/$defs/", "#/definitions/")
        return moved

    return _mapped(deepcopy(schema), older) | {"$schema": DRAFT_07}


def embedded(schema: Schema, place: str) -> Schema:
    """The same schema for embedding at a place of another document: without `$schema` and `$id`, its references from there."""

    def referred(one: Schema) -> Schema:
        if "$ref" not in one:
            return one
        return one | {"$ref": one["$ref"].replace("#/definitions/", f"{place}/definitions/")}

    bare = {name: value for name, value in schema.items() if name not in ("$schema", "$id")}
    return _mapped(bare, referred)


def _without_titles(schema: Schema) -> Schema:
    return _mapped(schema, lambda one: {name: value for name, value in one.items() if name != "title"})


def _mapped(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with a change applied to itself and to every subschema, but not to plain values."""
    found: Schema = {}
    for name, value in schema.items():
        if name in _NAMED:
            found[name] = {key: _inner(inner, change) for key, inner in value.items()}
        elif name in _LISTED:
            found[name] = [_inner(inner, change) for inner in value]
        elif name in _ALONE:
            found[name] = _inner(value, change)
        else:
            found[name] = value
    return change(found)


def _inner(schema: Any, change: Callable[[Schema], Schema]) -> Any:
    return _mapped(schema, change) if isinstance(schema, dict) else schema


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
