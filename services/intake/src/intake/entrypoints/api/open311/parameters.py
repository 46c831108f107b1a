"""The parameters of Open311: a parameter that is sent empty counts as not sent."""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.instants import read_instant
from intake.app.public_requests import MOST, Near, RequestFilter, Times
from intake.domain.public_reports import STATUSES
from intake.entrypoints.api.open311.errors import Faults

WINDOW = timedelta(days=90)
PAGE_SIZE = 50
RADIUS_M, MOST_RADIUS_M = 250, 5000
_TIME = "W3C date-time with its offset, like 2026-11-20T12:00:00Z."
_WITHOUT_SECONDS = re.compile(r"(.*T[0-9]{2}:[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE)

Words = Annotated[list[str], Field(default_factory=list)]


class Jurisdiction(BaseModel):
    """The parameter of every call."""

    model_config = ConfigDict(frozen=True)

    jurisdiction_id: str = Field("", description="The only one of this endpoint, or nothing.")


class UpdatesQuery(Jurisdiction):
    """The parameters of GET servicerequestupdates."""

    service_request_id: Words = Field(description="Ids of requests, by commas.")
    start_date: str = Field("", description=f"The first update, a {_TIME}")
    end_date: str = Field("", description=f"The last update, a {_TIME}")
    api_key: str = Field("", description="Not needed.")

    def times(self, now: datetime) -> Times:
        """The times of the updates; raises Faults."""
        return window("start_date", "end_date", self.start_date, self.end_date, now)


class RequestsQuery(UpdatesQuery):
    """The parameters of GET requests."""

    service_code: Words = Field(description="Codes of services, by commas.")
    status: Words = Field(description="open or closed, by commas.")
    updated_after: str = Field("", description=f"The first update, a {_TIME}")
    updated_before: str = Field("", description=f"The last update, a {_TIME}")
    lat: str = Field("", description="Latitude of a point, with long (WGS 84).")
    long: str = Field("", description="Longitude of a point, with lat (WGS 84).")
    radius: str = Field("", description=f"Metres around the point: {RADIUS_M}, or at most {MOST_RADIUS_M}.")
    page: str = Field("", description="The page, from 1.")
    page_size: str = Field("", description=f"Requests of a page, at most {MOST}.")
    extensions: str = Field("", description="true: also extended_attributes and notes.")

    def filter(self, now: datetime) -> RequestFilter:
        """The filter; raises Faults."""
        if ids := _split(self.service_request_id):
            return RequestFilter(ids=ids)
        updated = self.updated_after.strip() or self.updated_before.strip()
        dated = self.start_date.strip() or self.end_date.strip()
        return RequestFilter(
            services=_split(self.service_code),
            statuses=_statuses(self.status),
            registered=self.times(now) if dated or not updated else None,
            updated=window("updated_after", "updated_before", self.updated_after, self.updated_before, now)
            if updated
            else None,
            near=self._near(),
            page=_number("page", self.page, 1, 1_000_000),
            page_size=_number("page_size", self.page_size, PAGE_SIZE if self.page.strip() else MOST, MOST),
        )

    def _near(self) -> Near | None:
        lat, long = decimal("lat", self.lat, 90), decimal("long", self.long, 180)
        if lat is None and long is None:
            return None
        if lat is None or long is None:
            raise Faults(["lat and long: send both."])
        return Near((lat, long), _number("radius", self.radius, RADIUS_M, MOST_RADIUS_M))


def window(first_name: str, last_name: str, first: str, last: str, now: datetime) -> Times:
    """Both ends of a time of at most 90 days; a missing end follows from the other one, and without both it is up to now."""
    end, start = _time(last_name, last), _time(first_name, first)
    if end is None:
        end = now if start is None else max(start, min(now, start + WINDOW))
    start = start or end - WINDOW
    if start > end:
        raise Faults([f"{first_name} is after {last_name}."])
    if end - start > WINDOW:
        raise Faults([f"{first_name} and {last_name} span more than 90 days: ask for a shorter time."])
    return start, end


def is_true(written: str) -> bool:
    """Whether a parameter switches something on."""
    return written.strip().lower() in ("true", "1", "yes")


def decimal(name: str, written: str, most: float) -> float | None:
    """A coordinate, or None when it was not sent; raises Faults."""
    if not written.strip():
        return None
    try:
        number = float(written)
    except ValueError:
        number = float("nan")
    if not -most <= number <= most:
        raise Faults([f"{name}: write decimal degrees (WGS 84) from -{most:g} to {most:g}."])
    return number


def _time(name: str, written: str) -> datetime | None:
    # A plus that a client did not encode arrives as a space.
    text = written.strip().replace(" ", "+")
    if not text:
        return None
    if short := _WITHOUT_SECONDS.fullmatch(text):
        text = f"{short[1]}:00{short[2]}"
    try:
        return read_instant(text)
    except ValueError as error:
        raise Faults([f"{name}: write a {_TIME}"]) from error


def _split(words: list[str]) -> tuple[str, ...]:
    return tuple(part.strip() for word in words for part in word.split(",") if part.strip())


def _statuses(words: list[str]) -> tuple[str, ...]:
    found = _split(words)
    if unknown := [one for one in found if one.lower() not in STATUSES]:
        raise Faults([f"status: {unknown[0]!r} is none; write open or closed."])
    return tuple(one.lower() for one in found)


def _number(name: str, written: str, default: int, most: int) -> int:
    text = written.strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise Faults([f"{name}: write a whole number from 1 to {most}."])
    return int(text)
