"""The expectations of other teams: one file per reading; a change that breaks one of them is refused."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.acceptance import unread
from contracts.samples import HOME
from contracts.schemas import HEADERS, opened, producer
from contracts.topics import BY_NAME, BY_TYPE


@dataclass(frozen=True)
class Expectation:
    """What one team reads of one event: a JSON Schema of the values it accepts, and the headers it needs."""

    team: str
    contact: str
    topic: str
    type: str
    value: dict[str, Any]
    headers: tuple[str, ...] = ()


def read(path: Path) -> Expectation:
    """The expectation in a file; raises ValueError for an invalid file."""
    try:
        row = json.loads(path.read_text())
        return Expectation(**row | {"headers": tuple(row.get("headers", ()))})
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"an expectation has team, contact, topic, type, value and headers: {error}"
        ) from error


def broken(expectation: Expectation) -> list[str]:
    """The reasons why an expectation does not hold."""
    topic, event = BY_NAME.get(expectation.topic), BY_TYPE.get(expectation.type)
    if topic is None or event is None or event not in topic.events:
        return [f"{expectation.type} is not published on {expectation.topic}"]
    if topic.classification != "public":
        return [f"{expectation.topic} is {topic.classification}: ask its owner for access"]
    always = {name for name, required, _, _ in HEADERS if required}
    missing = [f"header {one} is not on every record" for one in expectation.headers if one not in always]
    fields = [
        f"{one.path or 'the value'}: {one.text}" for one in unread(opened(expectation.value), producer(event))
    ]
    return missing + fields


def problems(home: Path = HOME) -> list[str]:
    """All expectations that do not hold, each with the contact of its team."""
    found = []
    for path in sorted((home / "consumers").glob("*/*.json")):
        name = path.relative_to(home)
        try:
            expectation = read(path)
        except ValueError as error:
            found.append(f"{name}: {error}")
            continue
        found += [f"{name}: {one} (contact: {expectation.contact})" for one in broken(expectation)]
    return found
