"""How good the search for duplicates is on the labelled set: `python -m tests.intake.duplicate_quality`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from intake.adapters.seed_files import read_registers
from intake.domain.categories import Categories
from intake.domain.duplicates import Kinship, Known, Query, Spot, kinship, shown, suggestions
from intake.domain.word_stems import stems

DATA = Path(__file__).parent / "data" / "duplicates.yaml"
SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"
DEVELOPMENT, HELD_BACK = "development", "held-back"
FIRST_OF_JANUARY = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Labelled:
    """One report of the set, and the incident that it tells."""

    id: str
    incident: str
    spot: Spot
    category: str
    at: datetime
    words: tuple[bytes, ...]


@dataclass(frozen=True)
class Quality:
    """Recall@3 among the reports of the same building, each against all others; and of what is shown to a sender.

    `shown_right` is the share of right ones among the suggestions that a sender sees, who can only see earlier reports;
    `helped` the share of the senders of a known incident who see it among the first three.
    """

    reports: int
    recall_at_3: float
    shown_right: float
    shown_per_report: float
    helped: float


def labelled(half: str) -> list[Labelled]:
    """The reports of one half."""
    buildings = yaml.safe_load(DATA.read_text("utf-8"))["buildings"]
    return [
        _labelled(building, f"{building['id']}/{number}", voice, row)
        for building in buildings
        if building["half"] == half
        for number, voices in enumerate(building["incidents"])
        for voice, row in enumerate(voices)
    ]


def measure(half: str) -> Quality:
    """The quality on one half."""
    reports = labelled(half)
    recalls = [
        _recall(one, [other for other in reports if _building(other) == _building(one)]) for one in reports
    ]
    right = [
        [found == one.incident for found in _shown(one, [other for other in reports if other.at < one.at])]
        for one in reports
    ]
    known = [
        marks[:3]
        for one, marks in zip(reports, right, strict=True)
        if any(other.incident == one.incident and other.at < one.at for other in reports)
    ]
    marks = [mark for row in right for mark in row]
    return Quality(
        len(reports),
        sum(recalls) / len(recalls),
        sum(marks) / max(1, len(marks)),
        len(marks) / len(reports),
        sum(map(any, known)) / len(known),
    )


def _building(one: Labelled) -> str:
    return one.spot.building


def _recall(one: Labelled, pool: Sequence[Labelled]) -> float:
    others = {other.id: other.incident for other in pool if other.id != one.id}
    best = suggestions(_query(one), [_known(one, other) for other in pool if other.id != one.id])[:3]
    same = sum(incident == one.incident for incident in others.values())
    return sum(others[found.report_id] == one.incident for found in best) / same


def _shown(one: Labelled, pool: Sequence[Labelled]) -> list[str]:
    incidents = {other.id: other.incident for other in pool}
    found = shown(suggestions(_query(one), [_known(one, other) for other in pool]))
    return [incidents[each.report_id] for each in found]


def _query(one: Labelled) -> Query:
    return Query(one.spot, one.category, one.at, one.words)


def _known(one: Labelled, other: Labelled) -> Known:
    related = _kinship(one.category, other.category)
    return Known(other.id, other.spot, other.category, related, other.at, other.words)


@cache
def _kinship(one: str, other: str) -> Kinship:
    first, second = _categories().category(one), _categories().category(other)
    if first is None or second is None:
        raise LookupError(f"{one} or {other} is no category")
    return kinship(first, second)


@cache
def _categories() -> Categories:
    return read_registers(SEED)[0]


def _labelled(building: dict[str, Any], incident: str, voice: int, row: list[Any]) -> Labelled:
    place, category, day, text = row
    asset = place if "/" in place else None
    stair = place.split("/")[0] if place.split("/")[0] != building["id"] else None
    spot = Spot(place, building["id"], "", stair, asset, building["lat"], building["lon"])
    at = FIRST_OF_JANUARY + timedelta(days=day, hours=8 + 3 * voice)
    return Labelled(
        f"{incident}.{voice}", incident, spot, category, at, tuple(one.encode() for one in stems(text))
    )


def main(halves: Sequence[str]) -> None:
    """Print the quality of each half."""
    for half in halves or (DEVELOPMENT, HELD_BACK):
        found = measure(half)
        sys.stdout.write(
            f"{half}: {found.reports} reports; recall@3 in the same building {found.recall_at_3:.3f}; "
            f"shown suggestions that are right {found.shown_right:.3f} ({found.shown_per_report:.2f} a report); "
            f"senders of a known incident who see it {found.helped:.3f}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
