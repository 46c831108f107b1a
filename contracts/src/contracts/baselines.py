"""Baselines: every published revision of a contract, frozen and never edited."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.compatibility import FINE, FORWARD, POLICY, Finding, compare
from contracts.render import json_text
from contracts.samples import HOME
from contracts.schemas import headers, producer
from contracts.topics import BY_TYPE, TOPICS, Topic

SUMS = "SHA256SUMS"
HEADERS = "headers"
TABLE = "topics"
PROMISED = ("name", "owner", "key", "classification", "partitions", "retention_days", "max_record_bytes")


@dataclass(frozen=True)
class Baseline:
    """One frozen revision of one contract: an event type, `headers` or `topics`."""

    name: str
    revision: int
    content: Any


def current(name: str) -> Any:
    """The current content of a contract; None when it no longer exists."""
    if name == HEADERS:
        return headers()
    if name == TABLE:
        return {topic.name: _row(topic) for topic in TOPICS}
    return producer(BY_TYPE[name]) | {"topic": BY_TYPE[name].topic} if name in BY_TYPE else None


def names() -> list[str]:
    """The names of all current contracts."""
    return [TABLE, HEADERS, *BY_TYPE]


def read(home: Path = HOME) -> dict[str, list[Baseline]]:
    """All revisions of every contract, the oldest first."""
    found: dict[str, list[Baseline]] = {}
    for path in sorted(
        (home / "baselines").glob("*/*.json"), key=lambda one: (one.parent.name, int(one.stem))
    ):
        one = Baseline(path.parent.name, int(path.stem), json.loads(path.read_text()))
        found.setdefault(one.name, []).append(one)
    return found


def findings(name: str, before: Any, after: Any) -> list[Finding]:
    """The differences between two revisions of one contract."""
    if after is None:
        return [Finding(name, "is missing; a type that is no longer published stays in the registry", POLICY)]
    if name == TABLE:
        return _topic_findings(before, after)
    found = compare(_schema(before), _schema(after))
    if before.get("topic") != after.get("topic"):
        found.insert(0, Finding(name, f"moves to topic {after.get('topic')}", FORWARD))
    return found


def release(home: Path = HOME, drafts: Collection[str] = ()) -> list[str]:
    """Freeze the contracts that changed since their last revision, except drafts; returns the created files."""
    frozen, made = read(home), []
    for name in names():
        revisions = frozen.get(name, [])
        if not revisions and name in drafts:
            continue
        if not revisions or revisions[-1].content != current(name):
            path = home / "baselines" / name / f"{len(revisions) + 1}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json_text(current(name)))
            made.append(str(path.relative_to(home)))
    (home / "baselines" / SUMS).write_text(sums(home))
    return made


def sums(home: Path = HOME) -> str:
    """The digests of all baselines in the format of `sha256sum -c`."""
    folder = home / "baselines"
    paths = sorted(folder.glob("*/*.json"))
    return "".join(
        f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.relative_to(folder)}\n" for one in paths
    )


def problems(home: Path = HOME) -> list[str]:
    """The incompatibilities of the current contracts with their baselines; empty when they may be published."""
    frozen = read(home)
    found = [f"{name}: {one}" for name, revisions in frozen.items() for one in _broken(name, revisions)]
    sums_file = home / "baselines" / SUMS
    if not sums_file.exists() or sums_file.read_text() != sums(home):
        found.append("baselines: a frozen file was edited or is missing: restore it; baselines never change")
    for name, revisions in frozen.items():
        if not found and current(name) not in (None, revisions[-1].content):
            found.append(
                f"{name}: changed since revision {revisions[-1].revision}: python -m contracts release"
            )
    return found


def _broken(name: str, revisions: Sequence[Baseline]) -> list[str]:
    return [
        f"against revision {one.revision}: {finding}"
        for one in revisions
        for finding in findings(name, one.content, current(name))
        if not finding.allowed
    ]


def _schema(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "topic"}


def _row(topic: Topic) -> dict[str, Any]:
    """The part of a topic that compatibility covers; its subscribers are not part of it."""
    return {name: getattr(topic, name) for name in PROMISED} | {
        "events": [event.type_tag for event in topic.events]
    }


def _topic_findings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Finding]:
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            found.append(Finding(name, "is missing", POLICY))
        elif name not in before:
            found.append(Finding(name, "is a new topic", FINE))
        else:
            found += [one for field in after[name] for one in _field(name, field, before[name], after[name])]
    return found


def _field(topic: str, field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Finding]:
    old, new = before.get(field), after[field]
    if old == new:
        return []
    if field == "events":
        gone = [Finding(topic, f"{one} is removed", POLICY) for one in old or [] if one not in new]
        return gone or [Finding(topic, "has more event types", FINE)]
    grows = field == "retention_days" and new > old
    shrinks = field == "max_record_bytes" and new < old
    opens = field == "classification" and new == "public"
    verdict = FINE if grows or shrinks or opens or field == "owner" else POLICY
    return [Finding(topic, f"{field} was {old} and becomes {new}", verdict)]
