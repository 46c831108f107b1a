"""A listening session: one talk of an operator with a household, from which reports and follow-ups come."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MOST_REPORTS = 50
MOST_FOLLOW_UPS = 20
FORGOTTEN_AFTER = timedelta(hours=24)
# A phone sends what it has kept when it finds a network again; what is older is a mistake of its clock.
OLDEST_TALK = timedelta(days=30)
FURTHEST_FOLLOW_UP = timedelta(days=730)


class SessionStatus(StrEnum):
    """The status of a session."""

    OPEN = "open"
    ENDED = "ended"
    ABANDONED = "abandoned"


class FollowUpKind(StrEnum):
    """How the household is met again."""

    HOME_VISIT = "home-visit"
    PHONE_CALL = "phone-call"
    LISTENING_POINT = "listening-point"
    OFFICE = "office"


@dataclass(frozen=True)
class TakenReport:
    """A report that was taken down in a session, and the kind of its category."""

    report_id: str
    kind: str


@dataclass(frozen=True)
class FollowUp:
    """An appointment; what else was agreed is encrypted beside the session."""

    id: str
    at: datetime
    what: str
    place_id: str | None = None


@dataclass(frozen=True)
class Session:
    """One listening session, without personal data.

    `operator` is the issuer's id of who listens. `started_at` is when the talk began, by our clock; it is day 0 of its reports.
    `skew_ms` is how far the device's clock was behind ours, in milliseconds.
    """

    session_id: str
    operator: str
    started_at: datetime
    registered_at: datetime
    skew_ms: int = 0
    status: SessionStatus = SessionStatus.OPEN
    place_id: str | None = None
    neighbourhood: str | None = None
    language: str = "it"
    reports: tuple[TakenReport, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether something can be added."""
        return self.status is SessionStatus.OPEN

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of reports by kind, in the order in which the kinds came up."""
        return Counter(one.kind for one in self.reports)

    def has_report(self, report_id: str) -> bool:
        """Whether this report was taken down here."""
        return any(one.report_id == report_id for one in self.reports)

    def follow_up(self, id: str) -> FollowUp | None:  # noqa: A002 - a follow-up's id is called id
        """The follow-up with this id, or None."""
        return next((one for one in self.follow_ups if one.id == id), None)


@dataclass(frozen=True)
class HearingTime:
    """When a talk began by our clock, and by how much the device's clock was corrected; None when it cannot be."""

    at: datetime
    skew: timedelta = timedelta()


def hearing_time(started_at: datetime | None, sent_at: datetime | None, now: datetime) -> HearingTime | None:
    """The beginning of a talk: what the device says, moved by the difference of the clocks at the moment of sending.

    Never later than now. None for a talk that begins after it is sent, or more than 30 days ago.
    """
    if started_at is None:
        return HearingTime(now)
    skew = now - sent_at if sent_at is not None else timedelta()
    age = (sent_at or now) - started_at
    if (sent_at is not None and age < timedelta(0)) or age > OLDEST_TALK:
        return None
    return HearingTime(_milliseconds(min(now, started_at + skew)), skew)


def with_follow_up(session: Session, follow_up: FollowUp) -> Session:
    """The session with this follow-up in place of the one with its id, in the order of time."""
    others = [one for one in session.follow_ups if one.id != follow_up.id]
    return replace(session, follow_ups=tuple(sorted([*others, follow_up], key=lambda one: (one.at, one.id))))


def ended(session: Session, ended_at: datetime | None, now: datetime) -> Session:
    """The session after its end, which is between its beginning and now; `ended_at` is what the device's clock showed."""
    shown = now if ended_at is None else ended_at + timedelta(milliseconds=session.skew_ms)
    at = max(session.started_at, min(now, _milliseconds(shown)))
    return replace(session, status=SessionStatus.ENDED, ended_at=at)


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
