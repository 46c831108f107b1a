"""The poison corpus: records that no consumer can decode, and some of unknown types that are skipped."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Draft:
    """A record to be sent; `patch` replaces bytes of the encoded batch, `codec` is written into its attributes."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    patch: tuple[bytes, bytes] | None = None
    codec: int | None = None

    def with_header(self, name: str, value: bytes | None) -> "Draft":
        """A copy with another value of a header."""
        return replace(self, headers=[(key, value if key == name else old) for key, old in self.headers])

    def without(self, name: str) -> "Draft":
        """A copy without a header."""
        return replace(self, headers=[(key, old) for key, old in self.headers if key != name])

    def with_body(self, change: Callable[[dict[str, Any]], None]) -> "Draft":
        """A copy with a changed body."""
        body = json.loads(self.value or b"{}")
        change(body)
        return replace(self, value=json.dumps(body).encode())


Corrupt = Callable[[Draft], Draft]


@dataclass(frozen=True)
class Kind:
    """One way to corrupt a record, and what must become of such a record."""

    name: str
    corrupt: Corrupt
    expect: Literal["parked", "skipped"] = "parked"


REQUIRED = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "ce_correlationid")
TIMES = (b"yesterday", b"2026-13-45T00:00:00Z", b"2026-11-20T12:00:00", b"0001-01-01T00:00:00+14:00", b"")
SEQUENCES = (b"-1", b"one", str(2**70).encode(), "\u0661".encode())
BODIES: Mapping[str, bytes | None] = {
    "null body": None,
    "empty body": b"",
    "spaces": b"   ",
    "no JSON": b"<xml/>",
    "cut JSON": b'{"report_id": "0193',
    "an array": b"[]",
    "a text": b'"report"',
    "JSON null": b"null",
    "a number": b"1",
    "bare NaN": b"NaN",
    "not UTF-8": b'{"report_id": "\xff\xfe"}',
    "UTF-16": '{"report_id": "x"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "gzip that nobody announced": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "deep nesting": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "deep arrays": b"[" * 50_000,
    "nul bytes": b"\x00" * 64,
    "300 kB of nothing": b"x" * 300_000,
}


def _field(value: str) -> Corrupt:
    """Replaces the value of the subject's field with JSON text."""

    def corrupt(draft: Draft) -> Draft:
        body, subject = (draft.value or b"").decode(), json.dumps((draft.key or b"").decode())
        return replace(draft, value=body.replace(subject, value, 1).encode("utf-8", "surrogatepass"))

    return corrupt


def _value(value: bytes | None) -> Corrupt:
    return lambda draft: replace(draft, value=value)


def _header(name: str, value: bytes | None) -> Corrupt:
    return lambda draft: draft.with_header(name, value)


def _without(name: str) -> Corrupt:
    return lambda draft: draft.without(name)


FIELDS: Mapping[str, str] = {
    "NaN in a field": "NaN",
    "Infinity in a field": "-Infinity",
    "a 70-bit integer": str(2**70),
    "a float": "1.5",
    "a boolean": "true",
    "null in a field": "null",
    "an object in a field": '{"$gt": ""}',
    "a lone surrogate": '"\\ud800"',
    "a raw surrogate": '"\ud800"',
    "upper case": '"0193A000-0000-7000-8000-00000000000A"',
    "NUL in a text": '"\\u0000"',
    "an empty text": '""',
    "a huge exponent": "1e400",
    "10,000 characters": '"' + "a" * 10_000 + '"',
}


def kinds() -> list[Kind]:
    """Every kind; those that client libraries cannot read come last."""
    found = [Kind(f"without {name}", _without(name)) for name in REQUIRED]
    found += [Kind(f"null {name}", _header(name, None)) for name in REQUIRED[:2]]
    found += [Kind(f"ce_time {text.decode() or 'empty'}", _header("ce_time", text)) for text in TIMES]
    found += [Kind(f"ce_sequence {text.decode()}", _header("ce_sequence", text)) for text in SEQUENCES]
    found += [Kind(name, _value(value)) for name, value in BODIES.items()]
    found += [Kind(name, _field(value)) for name, value in FIELDS.items()]
    return found + _others()


def _others() -> list[Kind]:
    return [
        Kind("no headers", lambda d: replace(d, headers=[])),
        Kind("ce_id of 600 bytes", lambda d: d.with_header("ce_id", b"i" * 600)),
        Kind("ce_id is not UTF-8", lambda d: d.with_header("ce_id", b"\xff\xfe")),
        Kind("no key", lambda d: replace(d, key=None)),
        Kind("another key", lambda d: replace(d, key=b"0193a000-0000-7000-8000-0000000000ff")),
        Kind("a key that is not UTF-8", lambda d: replace(d, key=b"\xff\xfe\xfd")),
        Kind("a key of 10 kB", lambda d: replace(d, key=b"k" * 10_000)),
        Kind("an empty key", lambda d: replace(d, key=b"")),
        Kind("a field is missing", lambda d: d.with_body(lambda body: body.pop(next(iter(body))))),
        Kind("900 kB", lambda d: replace(d, value=b"y" * 900_000)),
        Kind("an unknown type", lambda d: d.with_header("ce_type", b"sun-risen.v1"), "skipped"),
        Kind("an unknown version", lambda d: d.with_header("ce_type", b"report-registered.v99"), "skipped"),
        Kind("a header name that is not UTF-8", _bad_header_name),
        Kind("a codec that does not exist", lambda d: replace(d, codec=7)),
    ]


def _bad_header_name(draft: Draft) -> Draft:
    headers: Headers = [*draft.without("ce_id").headers, ("x-broken-name", b"1")]
    return replace(draft, headers=headers, patch=(b"x-broken-name", b"x-\xff\xfeoken-name"))
