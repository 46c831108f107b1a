"""A listening session that an operator held, as intake published it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Appointment:
    """When and how a household is met again."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Talk:
    """One talk; `operator` is the issuer's id of who held it, `last_appointment` the latest of its appointments."""

    session_id: str
    operator: str
    neighbourhood: str | None
    started_at: datetime
    ended_at: datetime
    report_ids: tuple[str, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    last_appointment: datetime | None = None
