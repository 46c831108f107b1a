"""What the text of GeoReport v2 says of each document, and a reader of XML that shares nothing with the writer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.dom.minidom import Element, parseString

DECLARED = '<?xml version="1.0" encoding="utf-8"?>'
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def text(value: str) -> bool:
    """A text that is not empty."""
    return value != ""


def anything(_: str) -> bool:
    """A text, or nothing: "may not be returned"."""
    return True


def time(value: str) -> bool:
    """A time as the W3C writes it, with its zone."""
    return _TIME.fullmatch(value) is not None


def optional_time(value: str) -> bool:
    """A time, or nothing."""
    return value == "" or time(value)


def degrees(value: str) -> bool:
    """Decimal degrees, or nothing."""
    return value == "" or -180 <= float(value) <= 180


def one_of(*words: str) -> Callable[[str], bool]:
    """One of these words."""
    return words.__contains__


@dataclass(frozen=True)
class Rows:
    """A list: the name of its entries, and what each has."""

    entry: str
    fields: Any


Fields = Mapping[str, Any]
_ENDPOINT: Fields = {
    "specification": one_of("http://wiki.open311.org/GeoReport_v2"),
    "url": text,
    "changeset": text,
    "type": one_of("production", "test"),
    "formats": Rows("format", one_of("text/xml", "application/json")),
}
DISCOVERY: Fields = {
    "changeset": text,
    "contact": text,
    "key_service": text,
    "endpoints": Rows("endpoint", _ENDPOINT),
}
SERVICES = Rows(
    "service",
    {
        "service_code": text,
        "service_name": text,
        "description": anything,
        "metadata": one_of("true", "false"),
        "type": one_of("realtime", "batch", "blackbox"),
        "keywords": anything,
        "group": anything,
    },
)
_ATTRIBUTE: Fields = {
    "variable": one_of("true", "false"),
    "code": text,
    "datatype": one_of("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"),
    "required": one_of("true", "false"),
    "datatype_description": anything,
    "order": str.isdigit,
    "description": text,
    "values": Rows("value", {"key": text, "name": text}),
}
DEFINITION: Fields = {"service_code": text, "attributes": Rows("attribute", _ATTRIBUTE)}
REQUESTS = Rows(
    "request",
    {
        "service_request_id": text,
        "status": one_of("open", "closed"),
        "status_notes": anything,
        "service_name": text,
        "service_code": text,
        "description": anything,
        "agency_responsible": anything,
        "service_notice": anything,
        "requested_datetime": time,
        "updated_datetime": time,
        "expected_datetime": optional_time,
        "address": anything,
        "address_id": anything,
        "zipcode": anything,
        "lat": degrees,
        "long": degrees,
        "media_url": anything,
    },
)
POSTED = Rows("request", {"service_request_id": text, "service_notice": anything, "account_id": anything})
TOKEN = Rows("request", {"service_request_id": text, "token": text})
UPDATES = Rows(
    "request_update",
    {
        "update_id": text,
        "service_request_id": text,
        "status": text,
        "updated_datetime": time,
        "description": text,
        "media_url": anything,
    },
)
ERRORS = Rows("error", {"code": str.isdigit, "description": text})


def root_of(xml: str) -> Element:
    """The root of a document that begins with the declaration that the specification demands."""
    assert xml.startswith(DECLARED)
    root = parseString(xml.encode()).documentElement
    assert root is not None
    return root


def faults(element: Element, shape: Any) -> list[str]:
    """Where an element is not as the specification says."""
    if isinstance(shape, Rows):
        named = [
            f"<{one.tagName}> in <{element.tagName}>"
            for one in children(element)
            if one.tagName != shape.entry
        ]
        return named + [fault for one in children(element) for fault in faults(one, shape.fields)]
    if callable(shape):
        return [] if shape(content(element)) else [f"<{element.tagName}> is {content(element)!r}"]
    found = children(element)
    if [one.tagName for one in found] != list(shape):
        return [f"<{element.tagName}> has {[one.tagName for one in found]}, not {list(shape)}"]
    return [fault for one in found for fault in faults(one, shape[one.tagName])]


def as_json(element: Element, shape: Any) -> Any:
    """An element as JSON with texts only, by the Spark convention."""
    if isinstance(shape, Rows):
        return [as_json(one, shape.fields) for one in children(element)]
    if callable(shape):
        return content(element)
    return {one.tagName: as_json(one, shape[one.tagName]) for one in children(element)}


def as_texts(value: Any) -> Any:
    """JSON with its numbers, booleans and nulls as XML writes them."""
    if isinstance(value, dict):
        return {name: as_texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_texts(inner) for inner in value]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def children(element: Element) -> list[Element]:
    """The elements directly inside."""
    return [one for one in element.childNodes if isinstance(one, Element)]


def content(element: Element) -> str:
    """The text inside."""
    return "".join(
        one.data for one in element.childNodes if one.nodeType in (one.TEXT_NODE, one.CDATA_SECTION_NODE)
    )
