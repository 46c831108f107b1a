"""Find the reports that may be about the same problem as a draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.service import ServiceContext
from intake.app.registers import Registers
from intake.app.word_index import WordIndex
from intake.domain.categories import Categories
from intake.domain.draft_rules import subject_faults, text_faults
from intake.domain.duplicates import (
    NEAR_METRES,
    OLDEST,
    Known,
    Query,
    Spot,
    Suggestion,
    kinship,
    shown,
    suggestions,
)
from intake.domain.place_tree import PlaceTree
from intake.domain.places import PlaceKind
from intake.domain.reports import ENDED, Report
from intake.handlers.register_report import refusal
from intake.queries.duplicates import open_reports_at, words_of
from intake.queries.reports import main_of, report_of

# Of the building itself, and of the buildings around it, the newest; and how many buildings around it.
MOST, MOST_NEARBY = 300, 100
NEIGHBOURS = 8


@dataclass(frozen=True)
class Candidate:
    """A report that may be the same, as its main report; never its text, its contact or its tracking code."""

    report: Report
    suggestion: Suggestion


@dataclass(frozen=True)
class Looked:
    """What is looked for: where, what and in which words."""

    place_id: str
    category: str
    text: str
    at: datetime


class Duplicates:
    """Suggests open reports about the same problem; the texts are compared by the keyed hashes of their words."""

    def __init__(self, context: ServiceContext, registers: Registers, words: WordIndex) -> None:
        self._context, self._registers, self._words = context, registers, words

    async def public(self, place_id: str, category: str, text: str) -> Sequence[Candidate]:
        """What a tenant may see before sending: at most five reports of public categories; none for a draft of a private one.

        Raises Refused when such a draft could not become a report."""
        categories, places = await self._registers.categories(), await self._registers.places()
        own, now = categories.category(category), self._context.clock()
        faults = subject_faults(own, places.place(place_id), now) + (text_faults(text) if text else ())
        if faults:
            raise refusal(faults[0])
        if own is None or not own.is_public:
            return ()
        looked = Looked(place_id, category, text, now)
        codes = {one.code for one in categories.categories if one.is_public}
        return shown_candidates(await self._find(looked, self._words.of(text), codes))

    async def joinable(self, chosen: str, report_id: str) -> str | None:
        """The report whose case this new one would share when it joins the chosen one by now; None when that has ended.

        A report that is registered already keeps what was chosen.
        """
        if await report_of(self._context, report_id) is not None:
            return chosen
        main = await main_of(self._context, chosen)
        if main is None or main.status in ENDED:
            return None
        category = (await self._registers.categories()).category(main.category)
        return main.report_id if category is not None and category.is_public else None

    async def of_report(self, report: Report) -> Sequence[Candidate]:
        """What the staff may see beside a report: at most five others, of all categories but contributions."""
        categories = await self._registers.categories()
        codes = {one.code for one in categories.categories if one.kind != "contribution"}
        words = (await words_of(self._context, [report.report_id])).get(report.report_id, ())
        looked = Looked(report.place_id, report.category, "", report.registered_at)
        found = await self._find(looked, words, codes)
        return shown_candidates([one for one in found if one.report.report_id != report.report_id])

    async def _find(self, looked: Looked, words: tuple[bytes, ...], codes: set[str]) -> Sequence[Candidate]:
        tree, categories = await self._registers.places(), await self._registers.categories()
        spot = spot_of(tree, looked.place_id)
        if spot is None:
            return ()
        reports = [
            one
            for ids, most in ((_same_building(tree, spot), MOST), (_nearby(tree, spot), MOST_NEARBY))
            for one in await open_reports_at(self._context, ids, looked.at - OLDEST, most)
        ]
        roots = {one.report_id: one for one in reports if one.category in codes and one.merged_into is None}
        known = await self._known(roots, looked, tree, categories)
        query = Query(spot, looked.category, looked.at, words)
        return [Candidate(roots[one.report_id], one) for one in suggestions(query, known)]

    async def _known(
        self, reports: dict[str, Report], looked: Looked, tree: PlaceTree, categories: Categories
    ) -> list[Known]:
        words = await words_of(self._context, list(reports))
        own, found = categories.category(looked.category), []
        for one in reports.values():
            spot, category = spot_of(tree, one.place_id), categories.category(one.category)
            if spot is not None and category is not None and own is not None:
                related = kinship(own, category)
                found.append(
                    Known(
                        one.report_id, spot, one.category, related, one.heard_at, words.get(one.report_id, ())
                    )
                )
        return found


def shown_candidates(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates that are worth showing, at most five."""
    worth = {one.report_id for one in shown([each.suggestion for each in found])}
    return tuple(one for one in found if one.report.report_id in worth)


def spot_of(tree: PlaceTree, place_id: str) -> Spot | None:
    """Where a place is; a place above the buildings is a spot of its own. None for an unknown place."""
    place = tree.place(place_id)
    if place is None:
        return None
    building, position = tree.building_of(place_id), tree.position(place_id)
    lineage = list(tree.lineage(place_id))
    return Spot(
        place_id,
        building.id if building else place_id,
        place.neighbourhood,
        next((one.id for one in lineage if one.kind is PlaceKind.STAIR), None),
        next((one.id for one in lineage if one.kind is PlaceKind.ASSET), None),
        *(position or (None, None)),
    )


def _same_building(tree: PlaceTree, spot: Spot) -> Sequence[str]:
    """The building with all that is in it; the place alone when it is above the buildings."""
    top = tree.place(spot.building)
    if top is None:
        return []
    return _with_parts(tree, top.id) if top.kind is PlaceKind.BUILDING else [top.id]


def _nearby(tree: PlaceTree, spot: Spot) -> Sequence[str]:
    """The nearest other buildings with all that is in them; none when the position is not known."""
    if spot.lat is None or spot.lon is None:
        return []
    near = tree.buildings_within((spot.lat, spot.lon), NEAR_METRES, NEIGHBOURS + 1)
    others = [one.id for one in near if one.id != spot.building][:NEIGHBOURS]
    return [part for one in others for part in _with_parts(tree, one)]


def _with_parts(tree: PlaceTree, id_: str) -> list[str]:
    return [id_, *(one.id for one in tree.below(id_) if one.kind is not PlaceKind.FLAT)]
