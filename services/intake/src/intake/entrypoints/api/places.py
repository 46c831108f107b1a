"""The places of the public JSON API: all of them, the parts of one, or those that a text finds."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from intake.app.registers import Registers
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind

MOST_CHARACTERS = 200


class ListedPlace(BaseModel):
    """A place; its address, postal code and position are those of the nearest place above it that has some."""

    id: str
    kind: PlaceKind
    label: str
    parent: str | None
    neighbourhood: str
    neighbourhood_label: str
    province: str
    province_label: str
    asset: str | None
    address: str
    postal_code: str
    lat: float | None
    lon: float | None


class ListedPlaces(BaseModel):
    """Places of one version of the register."""

    version: str
    places: list[ListedPlace]


class PlaceLists:
    """Lists places; the list of all of them is rendered once for each version."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._all: tuple[str, bytes] = ("", b"")

    async def all(self) -> bytes:
        """The JSON of all places that a report can be about."""
        tree = await self._registers.places()
        if self._all[0] != tree.version:
            found = (one for one in tree.places if one.is_reportable and one.closed_on is None)
            self._all = (tree.version, _listed(tree, found).model_dump_json().encode())
        return self._all[1]

    async def some(self, q: str, within: str) -> bytes:
        """The JSON of the places that a text finds, best first, or of the parts of a place, its flats too."""
        tree = await self._registers.places()
        found = (
            tree.search(q).places if q else [one for one in tree.children(within) if one.closed_on is None]
        )
        return _listed(tree, found).model_dump_json().encode()


def serve_places(api: APIRouter, registers: Registers) -> None:
    """Add the route of places."""
    lists = PlaceLists(registers)

    @api.get("/places", responses={200: {"model": ListedPlaces}})
    async def list_places(
        q: Annotated[
            str, Query(max_length=MOST_CHARACTERS, description="Words of a street, building or town.")
        ] = "",
        within: Annotated[
            str, Query(max_length=64, description="The id of a place whose parts are wanted.")
        ] = "",
    ) -> Response:
        """The places of reports; `id` is the `place_id` of a report, and of a flat its `flat`. Closed places are left out."""
        body = await lists.some(q, within) if q or within else await lists.all()
        return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=60"})


def _listed(tree: PlaceTree, places: Iterable[Place]) -> ListedPlaces:
    return ListedPlaces(version=tree.version, places=[_view(tree, one) for one in places])


def _view(tree: PlaceTree, place: Place) -> ListedPlace:
    lat, lon = tree.position(place.id) or (None, None)
    return ListedPlace(
        id=place.id,
        kind=place.kind,
        label=place.label,
        parent=place.parent,
        neighbourhood=place.neighbourhood,
        neighbourhood_label=place.neighbourhood_label,
        province=place.province,
        province_label=place.province_label,
        asset=place.asset,
        address=tree.address_of(place.id),
        postal_code=tree.postal_code_of(place.id),
        lat=lat,
        lon=lon,
    )
