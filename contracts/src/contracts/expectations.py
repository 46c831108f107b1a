"""What other teams rely on: each drops a file, and a change that would break one of them is refused."""

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
    """One team's reading of one event: the values it can take, the headers it needs."""

    team: str
    contact: str
    topic: str
    type: str
    value: dict[str, Any]
    headers: tuple[str, ...] = ()


def read(path: Path) -> Expectation:
    """The expectation in a file; raises ValueError with what is wrong with it."""
    try:
        row = json.loads(path.read_text())
        return Expectation(**row | {"headers": tuple(row.get("headers", ()))})
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"an expectation has team, contact, topic, type, value and headers: {error}"
        ) from error


def broken(expectation: Expectation) -> list[str]:
    """What of an expectation does not hold today."""
    topic, event = BY_NAME.get(expectation.topic), BY_TYPE.get(expectation.type)
    if topic is None or event is None or event not in topic.events:
        return [f"{expectation.type} is not said on {expectation.topic}"]
    if topic.classification != "public":
        return [f"{expectation.topic} is {topic.classification}: ask its owner before you rely on it"]
    always = {name for name, required, _, _ in HEADERS if required}
    missing = [f"header {one} is not on every record" for one in expectation.headers if one not in always]
    fields = [
        f"{one.path or 'the value'}: {one.text}" for one in unread(opened(expectation.value), producer(event))
    ]
    return missing + fields


def problems(home: Path = HOME) -> list[str]:
    """Every expectation of every team that does not hold, with whom to talk to."""
    found = []
    for path in sorted((home / "consumers").glob("*/*.json")):
        name = path.relative_to(home)
        try:
            expectation = read(path)
        except ValueError as error:
            found.append(f"{name}: {error}")
            continue
        found += [f"{name}: {one} (talk to {expectation.contact})" for one in broken(expectation)]
    return found
