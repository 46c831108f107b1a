"""How places are offered: grouped by neighbourhood, and named without what they are part of."""

from collections.abc import Iterable, Sequence

from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind

Groups = Sequence[tuple[str, Sequence[Place]]]


def by_neighbourhood(places: Iterable[Place]) -> Groups:
    """The places under the names of their neighbourhoods, each group where its best place is."""
    groups: dict[str, list[Place]] = {}
    for place in places:
        groups.setdefault(f"{place.neighbourhood_label} ({place.province_label})", []).append(place)
    return list(groups.items())


def neighbourhoods(tree: PlaceTree) -> Groups:
    """All neighbourhoods in use under the names of their provinces."""
    return [(province.label, _open_areas(tree, province.id)) for province in tree.children(None)]


def short_label(place: Place, above: Place) -> str:
    """The label of a part without that of the place it is part of."""
    return place.label.removeprefix(f"{above.label}, ")


def around(tree: PlaceTree, place_id: str) -> Sequence[Place]:
    """The place with what it is part of, the widest first, and its parts; flats and closed parts are left out."""
    above = [one for one in tree.lineage(place_id) if one.is_reportable]
    return [
        *reversed(above),
        *(one for one in tree.children(place_id) if one.is_reportable and one.closed_on is None),
    ]


def parts_of(tree: PlaceTree, place_id: str) -> Sequence[Place]:
    """The parts of a place, in use, in which somebody can be more precise, its flats too."""
    return [one for one in tree.children(place_id) if one.closed_on is None]


def flats_of(tree: PlaceTree, place_id: str) -> Sequence[Place]:
    """The flats in use that are directly in this place."""
    flats = (one for one in tree.children(place_id) if one.kind is PlaceKind.FLAT)
    return [one for one in flats if one.closed_on is None]


def _open_areas(tree: PlaceTree, province: str) -> Sequence[Place]:
    areas = (one for one in tree.children(province) if one.kind is PlaceKind.NEIGHBOURHOOD)
    return [one for one in areas if one.closed_on is None]
