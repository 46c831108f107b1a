"""The places for staff: a list and a search, and each place with its parts and the open reports about it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from chassis.errors import Refused
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of
from intake.entrypoints.pages.place_choices import by_neighbourhood, neighbourhoods, short_label
from intake.queries.reports import open_reports_at
from webkit.login import Visitor

LIST, PLACE = "staff/places.html", "staff/place.html"
PLACES_HOME = f"{HOME}/luoghi"
MOST_REPORTS = 50
# More places than a building has: of a whole neighbourhood with more, the reports of the first are listed.
MOST_PLACES = 2000


class PlacesDesk:
    """Shows the places to staff."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._registers = desk, desk.use_cases.registers

    async def search(self, request: Request, visitor: Visitor, text: str) -> Response:
        """The places that the words find, or all neighbourhoods."""
        tree = await self._registers.places()
        hits = tree.search(text)
        return self._desk.site.page(
            request,
            LIST,
            reader=visitor,
            crumbs=self._desk.crumbs(request),
            search=text,
            hits=by_neighbourhood(hits.places),
            has_more=hits.more,
            provinces=neighbourhoods(tree),
            version=tree.version,
        )

    async def show(self, request: Request, visitor: Visitor, place_id: str) -> Response:
        """A place with what it is part of, its parts and the open reports about it and them; raises Refused (404)."""
        tree = await self._registers.places()
        place = tree.place(place_id)
        if place is None or place.kind is PlaceKind.PROVINCE:
            raise Refused("no-such-place", "There is no place with this id.", status=404)
        ids = [place.id, *(one.id for one in tree.below(place.id) if one.is_reportable)][:MOST_PLACES]
        reports = await open_reports_at(self._desk.context, ids, MOST_REPORTS + 1)
        categories = await self._registers.categories()
        rows = [(one, categories.category(one.category), tree.place(one.place_id)) for one in reports]
        return self._desk.site.page(
            request,
            PLACE,
            reader=visitor,
            crumbs=self._crumbs(request, tree, place),
            rows=rows[:MOST_REPORTS],
            has_more=len(rows) > MOST_REPORTS,
            page_of=page_of,
            **_facts(tree, place),
        )

    def _crumbs(self, request: Request, tree: PlaceTree, place: Place) -> tuple[tuple[str, str], ...]:
        above = [one for one in tree.ancestors(place.id) if one.kind is not PlaceKind.PROVINCE]
        title = self._desk.site.language(request).label("desk-crumb", "places")
        return (
            *self._desk.crumbs(request),
            (title, PLACES_HOME),
            *((one.label, f"{PLACES_HOME}/{one.id}") for one in reversed(above)),
        )


def places_router(desk: Desk) -> APIRouter:
    """The routes of the places, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=PLACES_HOME), PlacesDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("")
    async def search(request: Request, visitor: Annotated[Visitor, workers], cerca: str = "") -> Response:
        return await pages.search(request, visitor, cerca)

    @router.get("/{place_id}")
    async def show(request: Request, place_id: str, visitor: Annotated[Visitor, workers]) -> Response:
        return await pages.show(request, visitor, place_id)

    return router


def _facts(tree: PlaceTree, place: Place) -> Mapping[str, Any]:
    parts = tree.children(place.id)
    return {
        "place": place,
        "address": tree.address_of(place.id),
        "postal_code": tree.postal_code_of(place.id),
        "position": tree.position(place.id),
        "parts": [one for one in parts if one.kind not in (PlaceKind.FLAT, PlaceKind.ASSET)],
        "assets": [one for one in parts if one.kind is PlaceKind.ASSET],
        "flats": [one for one in parts if one.kind is PlaceKind.FLAT],
        "short": short_label,
        "places_home": PLACES_HOME,
    }
