"""What operators did today: talks, reports taken down, and the appointments that come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from chassis.documents import AtLeast, Index
from chassis.service import ServiceContext
from routing.domain.calendar import ROME
from routing.domain.registers import Register
from routing.domain.talks import Appointment, Talk
from routing.handlers.documents import TALKS

INDEXES = (
    Index(TALKS.name, (("state.started_at", 1),)),
    Index(TALKS.name, (("state.operator", 1), ("state.last_appointment", 1))),
)
MANY = 500
COMING = 10


@dataclass(frozen=True)
class Day:
    """The day of one operator; `code` is None for somebody whom the register does not name."""

    operator: str
    code: str | None
    talks: int
    reports: int
    neighbourhoods: Sequence[str]


@dataclass(frozen=True)
class Today:
    """What an operator did today, and the next appointments, today's first."""

    talks: Sequence[Talk]
    appointments: Sequence[Appointment]

    @property
    def reports(self) -> int:
        """The number of reports taken down today."""
        return sum(len(one.report_ids) for one in self.talks)


async def today_of(context: ServiceContext, operator: str, now: datetime) -> Today:
    """The day of the person with this subject id, in Rome."""
    midnight = _midnight(now)
    mine = {"state.operator": operator}
    talks = await context.list(
        TALKS, mine | {"state.started_at": AtLeast(midnight)}, [("state.started_at", 1)], MANY
    )
    coming = await context.list(
        TALKS, mine | {"state.last_appointment": AtLeast(midnight)}, [("state.last_appointment", 1)], MANY
    )
    appointments = [one for talk in coming for one in talk.appointments if one.at >= midnight]
    return Today(talks, sorted(appointments, key=lambda one: one.at)[:COMING])


async def days_of_all(context: ServiceContext, register: Register | None, now: datetime) -> Sequence[Day]:
    """The day of everybody who held a talk today, by the name of the operator's code."""
    where = {"state.started_at": AtLeast(_midnight(now))}
    talks = await context.list(TALKS, where, [("state.started_at", 1)], MANY)
    people = dict.fromkeys(one.operator for one in talks)
    days = [_day(one, [talk for talk in talks if talk.operator == one], register) for one in people]
    return sorted(days, key=lambda one: (one.code or "~", one.operator))


def _day(subject: str, talks: Sequence[Talk], register: Register | None) -> Day:
    operator = register.operator_of(subject) if register else None
    places = dict.fromkeys(one.neighbourhood for one in talks if one.neighbourhood)
    reports = sum(len(one.report_ids) for one in talks)
    return Day(subject, operator.code if operator else None, len(talks), reports, tuple(places))


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(ROME).date(), time(), ROME)
