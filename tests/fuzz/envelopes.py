"""Golden records with random damage, read by the decoder of every consumer."""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chassis.consumer.records import read
from chassis.transaction.parked import Record

GOLDEN = Path(__file__).parents[2] / "contracts" / "golden"
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**400, 1e308, "", " ", "\0", "è", "\ud800", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z",
    "-0001-01-01T00:00:00Z", "2026-11-20T12:00:00+99:99", "NaN", [], {}, [[]], {"a": {"a": {}}}, "x" * 5000,
)  # fmt: skip
RAW: tuple[bytes, ...] = (
    b"", b"\0", b"\xff\xfe", b"{", b"[" * 5000, b'{"a":' * 3000, b"null", b"7", b'"x"', b"NaN", b"-Infinity", b"[1e999]",
    b'{"report_id":1,"report_id":2}', b"\xef\xbb\xbf{}", b"9" * 5000, "\u0661".encode(), b"2026-11-20T12:00:00",
)  # fmt: skip
Damage = Callable[[random.Random, Record], Record]


@dataclass
class ReadResults:
    """The results of reading damaged inputs: counts by result, and uncaught errors."""

    results: Counter[str] = field(default_factory=Counter)
    uncaught: list[str] = field(default_factory=list)


def golden() -> list[Record]:
    """Every golden record of the contracts."""
    rows = [row for path in sorted(GOLDEN.glob("*.json")) for row in json.loads(path.read_text())]
    return [
        Record(
            row["topic"],
            row["partition"],
            0,
            row["key"].encode(),
            row["value"].encode(),
            tuple((name, value.encode()) for name, value in row["headers"].items()),
        )
        for row in rows
    ]


def _bytes(rng: random.Random, was: bytes | None) -> bytes | None:
    kind = rng.randrange(6)
    if kind == 0 or not was:
        return rng.choice((None, *RAW))
    place = rng.randrange(len(was))
    if kind == 1:
        return was[:place] + bytes((rng.randrange(256),)) + was[place + 1 :]
    if kind == 2:
        return was[:place]
    if kind == 3:
        return was[:place] + rng.choice(RAW) + was[place:]
    if kind == 4:
        return rng.randbytes(rng.randrange(40))
    return was + was[: rng.randrange(20)]


def _value(rng: random.Random, record: Record) -> Record:
    return replace(record, value=_bytes(rng, record.value))


def _key(rng: random.Random, record: Record) -> Record:
    return replace(record, key=_bytes(rng, record.key))


def _header(rng: random.Random, record: Record) -> Record:
    rows = list(record.headers)
    if not rows:
        return record
    place = rng.randrange(len(rows))
    name, value = rows[place]
    rows[place] = (name, _bytes(rng, value)) if rng.random() < 0.8 else (name.upper() + "\ud800", value)
    return replace(record, headers=tuple(rows))


def _headers(rng: random.Random, record: Record) -> Record:
    rows = list(record.headers)
    kind = rng.randrange(5)
    if kind == 0:
        rng.shuffle(rows)
    elif kind == 1 and rows:
        rows.pop(rng.randrange(len(rows)))
    elif kind == 2 and rows:
        rows.append(rng.choice(rows))
    elif kind == 3:
        rows.append((rng.choice(("ce_id", "", "x" * 300, "\0")), rng.choice((None, *RAW))))
    else:
        rows = []
    return replace(record, headers=tuple(rows))


def _field(rng: random.Random, record: Record) -> Record:
    """Put an odd value somewhere into the body, which stays JSON."""
    try:
        body = json.loads(record.value or b"")
    except (ValueError, RecursionError):
        return record
    here: Any = body
    while isinstance(here, dict | list) and here:
        place: Any = rng.choice(list(here) if isinstance(here, dict) else range(len(here)))
        if not isinstance(here[place], dict | list) or not here[place] or rng.random() < 0.3:
            _put_odd(rng, here, place)
            break
        here = here[place]
    return replace(record, value=json.dumps(body).encode())


def _put_odd(rng: random.Random, here: Any, place: Any) -> None:
    if isinstance(here, dict) and rng.random() < 0.2:
        here[str(rng.choice(ODD))] = here.pop(place)
    else:
        here[place] = rng.choice(ODD)


DAMAGES: Sequence[Damage] = (_value, _key, _header, _headers, _field, _field)


def decode_damaged(count: int, seed: int, decode: Callable[[Record, int], Any] = read) -> ReadResults:
    """Decode damaged records; an error that the decoder raises is noted with its record."""
    rng, sound, reading = random.Random(seed), golden(), ReadResults()
    for number in range(count):
        record = replace(rng.choice(sound), offset=number)
        for _ in range(rng.choice((1, 1, 2, 3))):
            record = rng.choice(DAMAGES)(rng, record)
        arrived = rng.choice((0, -1, 1_795_435_200_000, 2**53))
        try:
            result = _result(decode(record, arrived))
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            reading.uncaught.append(f"{type(error).__name__}: {error} on {record}")
            result = "uncaught"
        reading.results[result] += 1
    return reading


def _result(item: Any) -> str:
    """How a record was read; raises when the decoder left that open or gave no key."""
    assert item.record is not None
    assert isinstance(item.key, str)
    if item.unknown or item.unreadable is not None:
        assert item.body is None
        return "unknown" if item.unknown else "unreadable"
    assert item.key == item.body.subject
    return "read"
