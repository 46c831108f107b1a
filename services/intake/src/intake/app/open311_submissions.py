"""Register the reports that programs of other organisations send through Open311."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis.errors import Refused
from chassis.ids import derive
from chassis.service import ServiceContext
from intake.app.public_requests import PublicRequests
from intake.app.registers import Registers
from intake.app.submit import Receipt, Submissions
from intake.app.tracking_codes import TrackingCodes
from intake.domain.api_keys import ApiKey
from intake.domain.categories import Category, Urgency
from intake.domain.draft_rules import CALL_112, Fault
from intake.domain.drafts import Contact, Draft
from intake.domain.nearby import Point, described_place, nearest_building
from intake.domain.places import Place
from intake.domain.questions import Answers
from intake.queries.reports import report_of

# The same request again within this time is the same report: GeoReport v2 has no id that a client chooses.
SAME_WITHIN = timedelta(minutes=10)
MOST_NAMED = 5
NEAREST_M = 150.0
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class PostedRequest:
    """A request as a program sends it; what was not sent is empty."""

    service_code: str
    description: str = ""
    address_id: str = ""
    address_string: str = ""
    lat: float | None = None
    long: float | None = None
    media_url: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "it"
    answers: Answers = ()

    @property
    def point(self) -> Point | None:
        """Latitude and longitude, if both were sent."""
        return None if self.lat is None or self.long is None else (self.lat, self.long)


@dataclass(frozen=True)
class RegisteredRequest:
    """The report of a request; `receipt` is for the program that sent it first."""

    report_id: str
    category: Category
    receipt: Receipt | None


@dataclass
class FaultyRequest(Exception):
    """The request violates rules of a draft; each names a field of Open311."""

    faults: Sequence[Fault]


class Open311Submissions:
    """Registers requests through the use case of all reports."""

    def __init__(
        self,
        context: ServiceContext,
        requests: PublicRequests,
        registers: Registers,
        submissions: Submissions,
        codes: TrackingCodes,
    ) -> None:
        self._context, self._requests, self._registers = context, requests, registers
        self._submissions, self._codes = submissions, codes

    async def submit(self, posted: PostedRequest, key: ApiKey) -> RegisteredRequest:
        """Register the request; the same one again from the same program within ten minutes is the same report.

        Raises Refused for an unknown service (404), a danger, and a place that is not found (400); FaultyRequest with all
        other faults.
        """
        category = await self._category(posted.service_code)
        judged = await self._submissions.judge(_draft(posted, category, await self._place(posted)))
        if judged.faults:
            raise FaultyRequest([_renamed(fault) for fault in judged.faults])
        report_id = await self._report_id(key, judged.draft)
        sender = self._codes.pseudonym("open311-sender", key.name)
        submitted = await self._submissions.accept(judged, report_id, sender)
        return RegisteredRequest(report_id, category, submitted.receipt)

    async def _category(self, code: str) -> Category:
        """The service; an immediate danger is not listed, and whoever reports one must be told whom to call."""
        known = (await self._registers.categories()).category(code)
        if known is not None and known.urgency is Urgency.E0:
            raise Refused("call-112", CALL_112, 400, "service_code")
        return await self._requests.service(code)

    async def _place(self, posted: PostedRequest) -> str:
        """The id of the place: the address_id, else what the address_string describes, else the nearest building."""
        places = await self._registers.places()
        if posted.address_id:
            if places.place(posted.address_id) is None:
                raise _unknown_place(f"There is no place with the address_id {posted.address_id[:100]!r}.")
            return posted.address_id
        described, hits = described_place(places, posted.address_string)
        point = posted.point
        nearest = nearest_building(places, point, NEAREST_M) if point is not None else None
        found = described or nearest
        if found is None:
            raise _unknown_place(_why_unknown(posted, hits))
        return found.id

    async def _report_id(self, key: ApiKey, draft: Draft) -> str:
        """The id derived from the program, the request and its time; that of the same request in the last ten minutes."""
        now = self._context.clock()
        number, content = (now - _EPOCH) // SAME_WITHIN, self._codes.fingerprint(draft)
        before, current = (
            derive(self._codes.pseudonym("open311", key.name, content, str(one)), "report")
            for one in (number - 1, number)
        )
        earlier = await report_of(self._context, before)
        return before if earlier is not None and now - earlier.registered_at < SAME_WITHIN else current


def _draft(posted: PostedRequest, category: Category, place_id: str) -> Draft:
    """The draft; what has no field of its own is kept with the text."""
    description = posted.description if posted.description.strip() else category.label
    point = posted.point
    kept = {
        "address_string": posted.address_string,
        "lat, long": "" if point is None else f"{point[0]}, {point[1]}",
        "media_url": posted.media_url,
    }
    lines = [f"{name}: {value}" for name, value in kept.items() if value]
    name = f"{posted.first_name} {posted.last_name}".strip()
    return Draft(
        category=category.code,
        place_id=place_id,
        description="\n\n".join([description, *lines]),
        language=posted.language,
        channel="api",
        contact=Contact(name, posted.email, posted.phone),
        answers=posted.answers,
    )


_FIELDS = {
    "category": "service_code",
    "place_id": "address_id",
    "contact.name": "first_name",
    "contact.email": "email",
    "contact.phone": "phone",
}


def _renamed(fault: Fault) -> Fault:
    part, _, question = fault.field.partition(".")
    named = f"attribute[{question}]" if part == "answers" else _FIELDS.get(fault.field, fault.field)
    return Fault(fault.slug, named, fault.detail, fault.fix)


def _why_unknown(posted: PostedRequest, hits: Sequence[Place]) -> str:
    if hits:
        named = "; ".join(f"{place.id} ({place.label})" for place in hits[:MOST_NAMED])
        return f"The address_string fits several places, such as {named}."
    if posted.point is not None:
        return f"There is no building of the agency within {NEAREST_M:g} m of lat and long."
    return f"The address_string {posted.address_string[:200]!r} is no place of the agency."


def _unknown_place(detail: str) -> Refused:
    return Refused(
        "unknown-place",
        detail,
        400,
        "address_id",
        "Send as address_id an id from GET /v1/places, or an address_string that one place has.",
    )
