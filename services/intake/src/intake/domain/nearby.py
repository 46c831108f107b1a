"""Places by their position or by a description: what Open311 knows of an address is seldom an id of ours."""

from collections.abc import Iterator

from intake.domain.place_tree import PlaceTree, metres
from intake.domain.places import Place, PlaceKind

MOST_HITS = 200
Point = tuple[float, float]  # latitude and longitude in degrees


def published_place(tree: PlaceTree, place_id: str) -> Place | None:
    """The building of a place, or the place itself above buildings: a stair or a lift would say more than is public."""
    return tree.building_of(place_id) or tree.place(place_id)


def places_within(tree: PlaceTree, point: Point, radius_m: float) -> Iterator[Place]:
    """The places within a radius: buildings with all their parts, and what is above them by its own position."""
    for place in tree.places:
        here = _own_position(place)
        if here is not None and metres(here, point) <= radius_m:
            yield place
            if place.kind is PlaceKind.BUILDING:
                yield from tree.below(place.id)


def nearest_building(tree: PlaceTree, point: Point, within_m: float) -> Place | None:
    """The nearest building that is in use, at most so many metres away, or None."""
    found = [
        (metres(here, point), place.id, place)
        for place in tree.places
        if place.kind is PlaceKind.BUILDING and place.closed_on is None and (here := _own_position(place))
    ]
    distance, _, place = min(found, default=(within_m + 1, "", None), key=lambda one: one[:2])
    return place if distance <= within_m else None


def described_place(tree: PlaceTree, text: str) -> tuple[Place | None, tuple[Place, ...]]:
    """The place that a text describes, or None, and the places that it finds, the best first.

    It describes the place that all others found are part of, else the one building that they are all part of.
    """
    hits = tree.search(text, MOST_HITS)
    ids = {place.id for place in hits.places}
    lineages = [list(tree.lineage(place.id)) for place in hits.places]
    common = [one for one in (lineages[0] if lineages else []) if all(one in lineage for lineage in lineages)]
    clear = [one for one in common if one.id in ids or one.kind is PlaceKind.BUILDING]
    return (clear[0] if clear and not hits.more else None), hits.places


def _own_position(place: Place) -> Point | None:
    return None if place.lat is None or place.lon is None else (place.lat, place.lon)
