"""The queue of an officer: applications by the term of their procedure."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Literal

from subsidies.app.desk import Desk
from subsidies.domain.applications import Status
from subsidies.domain.days import ROME, day_in_italy
from subsidies.queries.applications import QueueFilter, count_applications, due_applications
from subsidies.queries.views import ApplicationView

PAGE = 25
OPEN = (Status.AWAITING_DATA, Status.AWAITING_MEASURE)
Term = Literal["", "late", "soon"]
STATES = {"open": OPEN, "decided": (Status.DECIDED,), "withdrawn": (Status.WITHDRAWN,), "all": ()}


@dataclass(frozen=True)
class QueueRow:
    """An application with the last day of its term; `term` tells whether that is over or near, while it is open."""

    application: ApplicationView
    due_on: date
    term: Term


@dataclass(frozen=True)
class QueuePage:
    """One page of the queue, and how many applications are open, late and due soon."""

    rows: list[QueueRow]
    page: int
    pages: int
    total: int
    open: int
    late: int
    soon: int


@dataclass(frozen=True)
class QueueRequest:
    """What an officer asks to see; pages count from 1."""

    state: str = "open"
    term: Term = ""
    province: str = ""
    latest_first: bool = False
    page: int = 1


async def read_queue(desk: Desk, wanted: QueueRequest) -> QueuePage:
    """The page of the queue; a page after the last one is the last one."""
    today = day_in_italy(desk.context.clock())
    everything = QueueFilter(province=wanted.province, latest_first=wanted.latest_first)
    chosen = replace(everything, statuses=STATES.get(wanted.state, OPEN))
    if wanted.term:
        chosen = replace(chosen, statuses=OPEN, opened_before=_opened_before(desk, today, wanted.term))
    total = await count_applications(desk.context, chosen)
    pages = max(1, ceil(total / PAGE))
    page = min(max(1, wanted.page), pages)
    found = await due_applications(desk.context, chosen, page * PAGE)
    waiting = replace(everything, statuses=OPEN)
    counts = [
        await count_applications(
            desk.context, replace(waiting, opened_before=_opened_before(desk, today, term))
        )
        for term in ("late", "soon")
    ]
    return QueuePage(
        rows=[queue_row(desk, one, today) for one in found[(page - 1) * PAGE :]],
        page=page,
        pages=pages,
        total=total,
        open=await count_applications(desk.context, waiting),
        late=counts[0],
        soon=counts[1] - counts[0],
    )


def queue_row(desk: Desk, application: ApplicationView, today: date) -> QueueRow:
    """An application with its term as of this day."""
    due = desk.procedure.due_on(day_in_italy(application.opened_at))
    if application.status not in OPEN:
        return QueueRow(application, due, "")
    near = due <= today + timedelta(days=desk.procedure.warning_days)
    return QueueRow(application, due, "late" if due < today else "soon" if near else "")


def _opened_before(desk: Desk, today: date, term: str) -> datetime:
    """The last instant of receipt that makes an application late, or due soon or late."""
    ahead = 0 if term == "late" else desk.procedure.warning_days + 1
    first = today - timedelta(days=desk.procedure.term_days - ahead)
    return datetime.combine(first, time(), ROME) - timedelta(milliseconds=1)
