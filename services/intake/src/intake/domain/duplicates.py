"""Which reports may be about the same problem as a new one: a score with its reasons, from place, category, age and words."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from intake.domain.categories import Category
from intake.domain.place_tree import metres

MOST_SHOWN = 5
# Below this score a suggestion is more often wrong than right on the development half of the labelled set.
LEAST_SCORE = 0.53
# Reports of half a year ago are another problem.
OLDEST = timedelta(days=180)
_HALF_LIFE_DAYS = 7.0
_K1, _B = 1.2, 0.4
NEAR_METRES = 250.0


class Nearness(StrEnum):
    """How near the places of two reports are."""

    ASSET = "asset"
    STAIR = "stair"
    BUILDING = "building"
    OTHER_STAIR = "other-stair"
    NEARBY = "nearby"
    FAR = "far"


class Kinship(StrEnum):
    """How the categories of two reports are related."""

    SAME = "same"
    SIBLING = "sibling"
    OTHER = "other"


@dataclass(frozen=True)
class Spot:
    """Where a report is, from the asset up to the neighbourhood; `lat` and `lon` in degrees."""

    place_id: str
    building: str
    neighbourhood: str = ""
    stair: str | None = None
    asset: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True)
class Query:
    """What is looked for; `words` are keyed tokens, so that the score is computed without any text."""

    spot: Spot
    category: str
    at: datetime
    words: tuple[bytes, ...]


@dataclass(frozen=True)
class Known:
    """A report that may be the same: its place and category as they relate to what is looked for."""

    report_id: str
    spot: Spot
    category: str
    kinship: Kinship
    at: datetime
    words: tuple[bytes, ...]


@dataclass(frozen=True)
class Suggestion:
    """A report that may be the same, with its score and what each reason adds to it.

    `metres` is the distance of two buildings; 0 within one, and None when the position of one is not known.
    """

    report_id: str
    score: float
    place: float
    category: float
    age: float
    text: float
    nearness: Nearness
    metres: float | None = None


_PLACE: Mapping[Nearness, float] = {
    Nearness.ASSET: 0.25,
    Nearness.STAIR: 0.2,
    Nearness.BUILDING: 0.1,
    Nearness.OTHER_STAIR: -0.1,
    Nearness.NEARBY: -0.1,
    Nearness.FAR: -1.0,
}
# A building at the greatest distance has so much less than one next door.
_DISTANCE = 0.1
_CATEGORY: Mapping[Kinship, float] = {Kinship.SAME: 0.2, Kinship.SIBLING: 0.1, Kinship.OTHER: 0.0}
_AGE = 0.2
_TEXT = 0.6


def kinship(one: Category, other: Category) -> Kinship:
    """How two categories are related; siblings are of one group."""
    if one.code == other.code:
        return Kinship.SAME
    return Kinship.SIBLING if one.path == other.path else Kinship.OTHER


def nearness(one: Spot, other: Spot) -> Nearness:
    """How near two places are; symmetric. A whole building is near each of its stairs, two stairs are not near each other."""
    if one.building != other.building:
        return Nearness.NEARBY if distance_of(one, other) <= NEAR_METRES else Nearness.FAR
    if one.asset is not None and one.asset == other.asset:
        return Nearness.ASSET
    if one.stair is None or other.stair is None:
        return Nearness.BUILDING
    return Nearness.STAIR if one.stair == other.stair else Nearness.OTHER_STAIR


def distance_of(one: Spot, other: Spot) -> float:
    """The distance of two places in metres; infinite when the coordinates of one are not known."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return math.inf
    return metres((one.lat, one.lon), (other.lat, other.lon))


def suggestions(query: Query, known: Sequence[Known]) -> tuple[Suggestion, ...]:
    """All known reports with their scores, best first; equal scores in the order of the ids."""
    texts = _texts(query.words, [one.words for one in known])
    found = [_scored(query, one, text) for one, text in zip(known, texts, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one.score, one.report_id)))


def shown(found: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """The suggestions that are worth showing, at most five."""
    return tuple(one for one in found if one.score >= LEAST_SCORE)[:MOST_SHOWN]


def _scored(query: Query, one: Known, text: float) -> Suggestion:
    near = nearness(query.spot, one.spot)
    distance = 0.0 if query.spot.building == one.spot.building else distance_of(query.spot, one.spot)
    days = abs((query.at - one.at).total_seconds()) / 86_400
    place, category = place_score(near, distance), _CATEGORY[one.kinship]
    age, words = _AGE * 0.5 ** (days / _HALF_LIFE_DAYS), _TEXT * text
    score, known = place + category + age + words, None if distance == math.inf else distance
    return Suggestion(one.report_id, score, place, category, age, words, near, known)


def place_score(near: Nearness, distance: float) -> float:
    """What the place adds: the nearer the more, and other buildings by their distance in metres."""
    far = _DISTANCE * min(1.0, distance / NEAR_METRES) if near is Nearness.NEARBY else 0.0
    return _PLACE[near] - far


def _texts(query: Collection[bytes], texts: Sequence[Sequence[bytes]]) -> list[float]:
    """The BM25 similarity of each text with the query, as a share of that of a text with all words of the query: 0 to 1."""
    if not texts:
        return []
    frequency = Counter(word for text in texts for word in set(text))
    mean = sum(map(len, texts)) / len(texts) or 1.0
    weights = {
        word: math.log(1 + (len(texts) - frequency[word] + 0.5) / (frequency[word] + 0.5))
        for word in set(query)
    }
    best = sum(weights.values()) or 1.0
    return [min(1.0, _bm25(weights, text, mean) / best) for text in texts]


def _bm25(weights: Mapping[bytes, float], text: Sequence[bytes], mean: float) -> float:
    length = _K1 * (1 - _B + _B * len(text) / mean)
    counts = Counter(word for word in text if word in weights)
    return sum(weights[word] * n * (_K1 + 1) / (n + length) for word, n in counts.items())
