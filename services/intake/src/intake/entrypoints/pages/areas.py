"""The neighbourhoods that a public page can be about."""

from collections.abc import Mapping

from intake.domain.place_tree import PlaceTree


def areas_of(places: PlaceTree) -> Mapping[str, str]:
    """The code of each neighbourhood, and its name with the province."""
    found = [one for province in places.children(None) for one in places.children(province.id)]
    return {one.neighbourhood: f"{one.neighbourhood_label} ({one.province_label})" for one in found}
