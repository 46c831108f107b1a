"""The reports that everybody may see, as Open311 asks for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.errors import Refused
from chassis.ids import derive
from chassis.service import ServiceContext
from intake.app.publications import Publications
from intake.app.registers import Registers
from intake.domain.categories import Categories, Category
from intake.domain.nearby import Point, places_within, published_place
from intake.domain.photos import Photo
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place
from intake.domain.public_reports import STATUSES, public_status, public_steps, public_update
from intake.domain.reports import Report, Status, Step
from intake.queries.public_reports import Selection, reports_by_id, selected_reports

MOST = 1000
Times = tuple[datetime, datetime]


@dataclass(frozen=True)
class Near:
    """A circle around a point."""

    point: Point
    radius_m: float


@dataclass(frozen=True)
class RequestFilter:
    """Which requests; `ids` overrides all others, and an empty filter selects everything.

    `registered` and `updated` include both ends; `page` counts from 1.
    """

    ids: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    registered: Times | None = None
    updated: Times | None = None
    near: Near | None = None
    page: int = 1
    page_size: int = MOST


@dataclass(frozen=True)
class ShownPlace:
    """A place as the public sees it: a building, or what is above one; its position is that or its neighbourhood's."""

    place: Place
    address: str
    postal_code: str
    position: Point | None


@dataclass(frozen=True)
class PublicRequest:
    """A report with its category, its place, or None for an unknown one, its public text, or None, and its reviewed photos.

    `main_id` is the public report about the same problem that it was joined to, or None.
    """

    report: Report
    category: Category
    where: ShownPlace | None
    text: str | None
    photos: tuple[Photo, ...] = ()
    main_id: str | None = None

    @property
    def status(self) -> str:
        """Open or closed."""
        return public_status(self.report)

    @property
    def updated_at(self) -> datetime:
        """When something happened that the public sees."""
        return public_update(self.report)

    @property
    def steps(self) -> Sequence[Step]:
        """What the public sees of the history, oldest first."""
        return public_steps(self.report)


@dataclass(frozen=True)
class PublicUpdate:
    """One step of a request; its id is always the same."""

    id: str
    report_id: str
    step: Step


class PublicRequests:
    """Finds public reports; those that are withdrawn, erased or of a private category do not exist for it."""

    def __init__(self, context: ServiceContext, registers: Registers, publications: Publications) -> None:
        self._context, self._registers, self._publications = context, registers, publications

    async def categories(self) -> Categories:
        """All categories; raises Unavailable before they are loaded."""
        return await self._registers.categories()

    async def services(self) -> Sequence[Category]:
        """The public categories that a new request can have, in the order of their file."""
        return [one for one in (await self.categories()).offered if one.is_public]

    async def changeset(self) -> str:
        """A text that sorts after the former ones whenever the categories have changed."""
        return f"{(await self._registers.categories()).revision:08d}"

    async def service(self, code: str) -> Category:
        """The public category with this code; raises Refused (404)."""
        found = (await self._registers.categories()).category(code)
        if found is None or found.closed or not found.is_public:
            raise Refused("no-such-service", f"There is no service with the service_code {code!r}.", 404)
        return found

    async def one(self, request_id: str) -> PublicRequest:
        """The request with this id; raises Refused (404)."""
        found = await self.find(RequestFilter(ids=(request_id,)))
        if not found:
            raise Refused(
                "no-such-request", f"There is no request with the service_request_id {request_id!r}.", 404
            )
        return found[0]

    async def find(self, wanted: RequestFilter) -> Sequence[PublicRequest]:
        """The requests selected, the latest first, at most 1,000 and those of the page."""
        categories = {one.code: one for one in (await self.categories()).categories if one.is_public}
        places = await self._registers.places()
        found = await self._reports(wanted, categories, places)
        reports = [one for one in found if _is_selected(one, wanted, categories)]
        if not wanted.ids:
            first = (wanted.page - 1) * wanted.page_size
            reports = reports[first : first + wanted.page_size]
        return await self.shown(reports)

    async def shown(self, reports: Sequence[Report]) -> Sequence[PublicRequest]:
        """These reports of public categories as everybody sees them, without those that were erased."""
        categories = {one.code: one for one in (await self.categories()).categories if one.is_public}
        places = await self._registers.places()
        mains = await self._mains(reports, categories)
        return [
            PublicRequest(
                one.report,
                categories[one.report.category],
                _shown(places, one.report.place_id),
                one.text,
                one.photos,
                mains.get(one.report.merged_into or ""),
            )
            for one in await self._publications.public(reports)
        ]

    async def has_photo(self, report_id: str, sha256: str) -> bool:
        """Whether everybody may see this photo: it was reviewed, and its report is public."""
        return any(
            photo.sha256 == sha256
            for one in await self.find(RequestFilter(ids=(report_id,)))
            for photo in one.photos
        )

    async def _mains(
        self, reports: Sequence[Report], categories: Mapping[str, Category]
    ) -> Mapping[str, str]:
        """The public report to which each of these reports leads, by the id of the next one."""
        known: dict[str, Report] = {}
        wanted = {one.merged_into for one in reports if one.merged_into}
        while wanted:
            found = await reports_by_id(self._context, sorted(wanted))
            known |= {one.report_id: one for one in found}
            wanted = {one.merged_into for one in found if one.merged_into} - known.keys()
        ends = {id_: _end(known, id_) for id_ in known}
        public = await self._publications.public(
            [one for one in ends.values() if _is_selected(one, RequestFilter(), categories)]
        )
        shown = {one.report.report_id for one in public}
        return {id_: end.report_id for id_, end in ends.items() if end.report_id in shown}

    async def updates(self, times: Times, request_ids: tuple[str, ...] = ()) -> Sequence[PublicUpdate]:
        """The steps in these times, oldest first, of at most 1,000 requests, all or those with these ids."""
        wanted = RequestFilter(ids=request_ids) if request_ids else RequestFilter(updated=times)
        found = [
            PublicUpdate(
                derive(one.report.report_id, f"{step.at.isoformat()}/{step.what}"), one.report.report_id, step
            )
            for one in await self.find(wanted)
            for step in one.steps
            if times[0] <= step.at <= times[1]
        ]
        return sorted(found, key=lambda update: update.step.at)

    async def _reports(
        self, wanted: RequestFilter, categories: Mapping[str, Category], places: PlaceTree
    ) -> Sequence[Report]:
        if wanted.ids:
            ids = [known for one in wanted.ids[:MOST] if (known := _read_id(one))]
            return await reports_by_id(self._context, ids) if ids else []
        codes = [one for one in categories if not wanted.services or one in wanted.services]
        statuses = [status for name in wanted.statuses or STATUSES for status in STATUSES[name]]
        # What happens inside the agency also updates a report, so `updated` selects more here than in the end.
        until = self._context.clock()
        updated = wanted.updated and (wanted.updated[0], max(wanted.updated[1], until))
        near = wanted.near
        inside = (
            None if near is None else [place.id for place in places_within(places, near.point, near.radius_m)]
        )
        selection = Selection(codes, statuses, inside, wanted.registered, updated)
        return await selected_reports(self._context, selection, MOST)


def _is_selected(report: Report, wanted: RequestFilter, categories: Mapping[str, Category]) -> bool:
    if report.category not in categories or report.status is Status.WITHDRAWN:
        return False
    if wanted.updated is None:
        return True
    first, last = wanted.updated
    return first <= public_update(report) <= last


def _end(reports: Mapping[str, Report], report_id: str) -> Report:
    report, seen = reports[report_id], {report_id}
    while (next_id := report.merged_into or "") in reports and next_id not in seen:
        seen.add(next_id)
        report = reports[next_id]
    return report


def _shown(places: PlaceTree, place_id: str) -> ShownPlace | None:
    place = published_place(places, place_id)
    if place is None:
        return None
    id_ = place.id
    return ShownPlace(place, places.address_of(id_), places.postal_code_of(id_), places.position(id_))


def _read_id(written: str) -> str:
    """The id as it is stored, or nothing for what is none."""
    try:
        return str(UUID(written))
    except ValueError:
        return ""
