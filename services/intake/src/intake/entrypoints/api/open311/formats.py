"""Documents of Open311 in XML and in JSON: both say the same."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from xml.etree import ElementTree as ET

from fastapi import Response

# What XML 1.0 cannot contain; JSON gets the same replacement, so that both formats agree.
_UNWRITABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
# The name of an entry in each list.
_ENTRIES: Mapping[str, str] = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "notes": "note",
    "media_urls": "media_url",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}

Value = str | int | float | bool | datetime | None | Mapping[str, "Value"] | Sequence["Value"]
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Language, Cookie",
}


class Format(StrEnum):
    """The formats, named as the end of the path."""

    XML = "xml"
    JSON = "json"


MEDIA_TYPES = {Format.XML: "text/xml", Format.JSON: "application/json"}


def rendered(format_: Format, root: str, value: Value, status: int = 200) -> Response:
    """The response with this document; in JSON the root has no name (the Spark convention)."""
    body = _xml(root, value) if format_ is Format.XML else _json(value)
    return Response(body, status, HEADERS, f"{MEDIA_TYPES[format_]}; charset=utf-8")


def _xml(root: str, value: Value) -> bytes:
    element = ET.Element(root)
    _fill(element, root, value)
    return (_DECLARATION + ET.tostring(element, encoding="unicode")).encode()


def _fill(element: ET.Element, name: str, value: Value) -> None:
    plain = _plain(value)
    if isinstance(plain, Mapping):
        for key, inner in plain.items():
            _fill(ET.SubElement(element, key), key, inner)
    elif isinstance(plain, Sequence) and not isinstance(plain, str):
        for inner in plain:
            _fill(ET.SubElement(element, _ENTRIES[name]), name, inner)
    elif isinstance(plain, bool):
        element.text = str(plain).lower()
    elif plain is not None:
        element.text = str(plain)


def _json(value: Value) -> bytes:
    return json.dumps(_deep(value), ensure_ascii=False).encode()


def _deep(value: Value) -> Value:
    plain = _plain(value)
    if isinstance(plain, Mapping):
        return {key: _deep(inner) for key, inner in plain.items()}
    if isinstance(plain, Sequence) and not isinstance(plain, str):
        return [_deep(inner) for inner in plain]
    return plain


def _plain(value: Value) -> Value:
    """A time as W3C writes it, a text without what XML cannot contain, and an empty text as none."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str):
        # An XML parser reads a carriage return as a line feed.
        return _UNWRITABLE.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n")) or None
    return value
