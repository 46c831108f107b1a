"""The gate: all conditions for merging a change of the contracts."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from contracts import baselines, event_map, expectations, generation
from contracts.base import Event
from contracts.compatibility import BACKWARD, FORWARD, breaks
from contracts.samples import FEWEST, HOME, examples, invalid
from contracts.topics import BY_TYPE
from contracts.validation import value_problems


def problems(home: Path = HOME) -> list[str]:
    """All reasons to refuse a change, one sentence each; empty when it may be merged."""
    found = [one for event in BY_TYPE.values() for one in _example_problems(event, home)]
    found += list(_strangers(home))
    found += list(_table_problems(home))
    found += baselines.problems(home)
    found += expectations.problems(home)
    if (home.parent / "services").exists():
        found += event_map.problems(home.parent)
        found += list(_unfrozen(home))
    return found if found else [f"{one}: run python -m contracts generate" for one in generation.stale(home)]


def _unfrozen(home: Path) -> Iterator[str]:
    """Published events without a baseline: incompatible changes of them would go unnoticed."""
    frozen, drafts = baselines.read(home), event_map.drafts(home.parent)
    for tag in BY_TYPE:
        if tag not in frozen and tag not in drafts:
            yield f"{tag}: is published and has no baseline: run python -m contracts release"


def _example_problems(event: type[Event], home: Path) -> Iterator[str]:
    good, bad = examples(event, home), invalid(event, home)
    if len(good) < FEWEST:
        yield f"examples/{event.type_tag}.json: {len(good)} examples, at least {FEWEST} are required"
    if not bad:
        yield f"invalid/{event.type_tag}.json: no invalid body"
    for one in good:
        for problem in value_problems(event.type_tag, one.body, as_producer=True):
            yield f"examples/{event.type_tag}.json: {one.name}: {problem}"
    for wrong in bad:
        if not _refused(event, wrong.body, wrong.field):
            yield f"invalid/{event.type_tag}.json: {wrong.name}: `{wrong.field}` is not refused"
        readable = not value_problems(event.type_tag, wrong.body)
        if readable != (wrong.refused_by == "producers"):
            yield f"invalid/{event.type_tag}.json: {wrong.name}: is not refused by {wrong.refused_by}"


def _refused(event: type[Event], body: dict[str, object], field: str) -> bool:
    """Whether the producer's model refuses this body because of this field."""
    try:
        event.model_validate_json(json.dumps(body), strict=True)
    except ValidationError as error:
        return any(one["loc"][:1] == (field,) for one in error.errors(include_url=False))
    return False


def _strangers(home: Path) -> Iterator[str]:
    for folder in ("examples", "invalid"):
        for path in sorted((home / folder).iterdir()):
            if path.name.removesuffix(".json") not in BY_TYPE:
                yield f"{folder}/{path.name}: no such event"


def _table_problems(home: Path) -> Iterator[str]:
    """Test the gate with its own table, which detects a gate that allows too much."""
    for case in json.loads((home / "vectors" / "compatibility.json").read_text()):
        broken = {one.verdict for one in breaks(case["before"], case["after"])}
        both = {BACKWARD, FORWARD} <= broken
        found = (
            "both"
            if both
            else next((w for w, v in _WORDS.items() if v in broken), "policy" if broken else "")
        )
        if found != case["breaks"] or bool(found) != (case["verdict"] == "forbidden"):
            yield f"vectors/compatibility.json: {case['change']}: expected {case['breaks'] or 'allowed'}, found {found or 'allowed'}"


_WORDS = {"backward": BACKWARD, "forward": FORWARD}
