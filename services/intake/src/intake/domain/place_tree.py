"""The tree of all places of one version of the register."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import asin, cos, radians, sin, sqrt

from intake.domain.place_search import MOST_HITS, PlaceHits, PlaceIndex
from intake.domain.places import Place, PlaceKind

_EARTH_M = 6_371_000
# Less than any degree of latitude has on that sphere, so that a band of latitudes is never too narrow.
_METRES_OF_A_DEGREE = 111_000
_NUMBER = re.compile(r"(\d+)")
_ORDER = {kind: number for number, kind in enumerate(PlaceKind)}


@dataclass(frozen=True)
class PlaceTree:
    """The places by id and by what they are part of; `version` is that of the file they were read from."""

    version: str
    places: tuple[Place, ...]
    _ids: Mapping[str, Place] = field(init=False, repr=False, compare=False)
    _children: Mapping[str | None, tuple[Place, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        below: dict[str | None, list[Place]] = {}
        for place in self.places:
            below.setdefault(place.parent, []).append(place)
        children = {parent: tuple(sorted(found, key=_order)) for parent, found in below.items()}
        object.__setattr__(self, "_ids", {place.id: place for place in self.places})
        object.__setattr__(self, "_children", children)

    def place(self, id: str) -> Place | None:  # noqa: A002 - a place's id is called id
        """The place with this id, or None."""
        return self._ids.get(id)

    def children(self, id: str | None) -> Sequence[Place]:  # noqa: A002
        """The places directly below, by kind and label, closed ones too; below None are the provinces."""
        return self._children.get(id, ())

    def ancestors(self, id: str) -> Iterator[Place]:  # noqa: A002
        """The places that this one is part of, the nearest first."""
        place = self._ids.get(id)
        while place is not None and place.parent is not None:
            place = self._ids.get(place.parent)
            if place is not None:
                yield place

    def lineage(self, id: str) -> Iterator[Place]:  # noqa: A002
        """The place itself and then its ancestors; nothing for an unknown id."""
        place = self._ids.get(id)
        if place is not None:
            yield place
            yield from self.ancestors(id)

    def below(self, id: str) -> Iterator[Place]:  # noqa: A002
        """All places that are part of this one, each before its own parts."""
        for child in self.children(id):
            yield child
            yield from self.below(child.id)

    def building_of(self, id: str) -> Place | None:  # noqa: A002
        """The building that a place is or is part of; None for an estate and what is above it."""
        return next((one for one in self.lineage(id) if one.kind is PlaceKind.BUILDING), None)

    def address_of(self, id: str) -> str:  # noqa: A002
        """The address of a place or of the nearest one above it that has one; empty when none has."""
        return next((one.address for one in self.lineage(id) if one.address), "")

    def postal_code_of(self, id: str) -> str:  # noqa: A002
        """The postal code of a place or of the nearest one above it that has one; empty when none has."""
        return next((one.postal_code for one in self.lineage(id) if one.postal_code), "")

    def position(self, id: str) -> tuple[float, float] | None:  # noqa: A002
        """Latitude and longitude of a place, in degrees, or of the nearest one above it that has some."""
        for one in self.lineage(id):
            if one.lat is not None and one.lon is not None:
                return one.lat, one.lon
        return None

    def buildings_within(self, point: tuple[float, float], radius_m: float, limit: int) -> Sequence[Place]:
        """The buildings at most so many metres from a position in degrees, the nearest first."""
        band = radius_m / _METRES_OF_A_DEGREE
        first = bisect_left(self._by_latitude, point[0] - band, key=lambda one: one[0])
        last = bisect_right(self._by_latitude, point[0] + band, key=lambda one: one[0])
        near = ((metres(point, (lat, lon)), id_) for lat, lon, id_ in self._by_latitude[first:last])
        found = sorted(one for one in near if one[0] <= radius_m)[:limit]
        return [self._ids[id_] for _, id_ in found]

    @cached_property
    def _by_latitude(self) -> Sequence[tuple[float, float, str]]:
        """Latitude, longitude and id of each building that has a position, from south to north."""
        return sorted(
            (one.lat, one.lon, one.id)
            for one in self.places
            if one.kind is PlaceKind.BUILDING and one.lat is not None and one.lon is not None
        )

    def search(self, text: str, limit: int = MOST_HITS) -> PlaceHits:
        """The places found by the words that people type, best first; provinces, flats and closed places are not searched."""
        return self._index.find(text, limit)

    @cached_property
    def _index(self) -> PlaceIndex:
        return PlaceIndex(self._searched())

    def _searched(self) -> Sequence[Place]:
        return [one for one in self.places if one.is_reportable and one.closed_on is None]

    def build_index(self) -> "PlaceTree":
        """The same tree, its index built: takes a second for 20,000 places."""
        self.search("")
        return self


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The metres between two positions in degrees, on a sphere: at most 0.6 % wrong."""
    (lat, lon), (other_lat, other_lon) = one, other
    north, east = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    return (
        2
        * _EARTH_M
        * asin(min(1, sqrt(sin(north) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(east) ** 2)))
    )


def natural(label: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts 'interno 2' before 'interno 10'."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in _NUMBER.split(label.casefold()))


def _order(place: Place) -> tuple[int, tuple[tuple[int, str], ...]]:
    return _ORDER[place.kind], natural(place.label)
