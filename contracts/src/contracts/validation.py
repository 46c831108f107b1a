"""Validates values and records against the contracts; every problem names the field and the reason."""

import json
from typing import Any

from contracts.acceptance import admits
from contracts.envelope import Malformed, read_envelope, read_event
from contracts.schemas import HEADERS
from contracts.topics import BY_TYPE


def value_problems(type_tag: str, value: Any, *, as_producer: bool = False) -> list[str]:
    """The problems of a value; for a producer, unknown fields are a problem."""
    if type_tag not in BY_TYPE:
        return [f"type {type_tag} is not known: write one of {', '.join(sorted(BY_TYPE))}"]
    try:
        read_event(type_tag, json.dumps(value).encode())
    except Malformed as error:
        return [str(error)]
    known = BY_TYPE[type_tag].model_fields.keys()
    unknown = [f"{type_tag}: {name}: is not in the contract" for name in value if name not in known]
    return unknown if as_producer else []


def record_problems(record: Any, *, as_producer: bool = False) -> list[str]:
    """The problems of a record in the form of the golden records: key, headers and value."""
    try:
        headers: dict[str, str] = dict(record["headers"])
        key, text = record["key"], record["value"]
        envelope = read_envelope([(name, value.encode()) for name, value in headers.items()])
        value = json.loads(text) if isinstance(text, str) else text
    except (KeyError, TypeError, AttributeError):
        return ["a record is an object with key, headers (name: text) and value"]
    except Malformed as error:
        return [str(error)]
    except ValueError as error:
        return [f"value: is not JSON: {error}"]
    found = [*_header_problems(headers), *value_problems(envelope.type, value, as_producer=as_producer)]
    if found:
        return found
    subject = read_event(envelope.type, json.dumps(value).encode()).subject
    about = {"key": key, "ce_subject": envelope.subject, "ce_partitionkey": headers["ce_partitionkey"]}
    return [
        f"{name}: is {given} and the value is about {subject}"
        for name, given in about.items()
        if given != subject
    ]


def _header_problems(headers: dict[str, str]) -> list[str]:
    found = []
    for name, always, schema, text in HEADERS:
        if name not in headers:
            found += [f"header {name}: is missing; {text}"] if always else []
        elif not admits(schema, headers[name]):
            found.append(f"header {name}: {headers[name]!r} is not accepted; {text}")
    return found
