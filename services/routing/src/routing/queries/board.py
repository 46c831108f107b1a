"""The board: cases by due date, place and person, with counts and ages, and the list of one operator."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

from chassis.documents import AnyOf
from chassis.service import ServiceContext
from routing.domain.calendar import ROME
from routing.domain.cases import Case, Status
from routing.domain.labels import Labels
from routing.handlers.documents import CASES

# A filter by words looks at no more than these; the agency has some hundreds of open cases.
MANY = 5000
CLOSED = 500
PER_PAGE = 25
# Days since the opening: up to the first, up to the second, up to the third, and more.
AGES = (7, 14, 30)
NOBODY = "nobody"
T = TypeVar("T")


class View(StrEnum):
    """Which cases the board lists."""

    UNRESOLVED = "aperti"
    LATE = "ritardo"
    TODAY = "oggi"
    HELD = "sospesi"
    CLOSING = "chiusura"
    CLOSED = "chiusi"


class Order(StrEnum):
    """By what a list is ordered."""

    DUE = "entro"
    AGE = "aperto"
    PLACE = "luogo"
    CATEGORY = "categoria"


@dataclass(frozen=True)
class Filter:
    """What the address of the board asks for; an empty field means all."""

    view: View = View.UNRESOLVED
    neighbourhood: str = ""
    operator: str = ""
    route: str = ""
    words: str = ""
    order: Order = Order.DUE
    descending: bool = False
    page: int = 1


@dataclass(frozen=True)
class Row:
    """A case in a list."""

    case: Case
    category: str
    place: str
    neighbourhood: str
    late: bool
    days: int


@dataclass(frozen=True)
class Group:
    """Unresolved cases that have a code in common."""

    code: str
    cases: int
    late: int
    oldest_days: int


@dataclass(frozen=True)
class BoardView:
    """The counts of all unresolved cases, and a page of the list."""

    counts: dict[View, int]
    neighbourhoods: list[Group]
    operators: list[Group]
    routes: list[Group]
    ages: list[int]
    rows: list[Row]
    found: int
    page: int
    pages: int
    is_cut: bool


@dataclass(frozen=True)
class MineView:
    """A page of the open cases of an operator, and how many there are."""

    rows: list[Row]
    found: int
    late: int
    page: int
    pages: int


async def read_board(context: ServiceContext, labels: Labels, wanted: Filter, now: datetime) -> BoardView:
    """The board for this filter; counts and groups are always those of all unresolved cases."""
    unresolved = await _unresolved(context)
    cases = await _closed(context) if wanted.view is View.CLOSED else unresolved
    found = [case for case in cases if _in_view(case, wanted.view, now) and _matches(case, wanted, labels)]
    found.sort(key=_order(wanted, labels), reverse=wanted.descending)
    shown, page, pages = _page(found, wanted.page)
    return BoardView(
        counts={view: sum(_in_view(case, view, now) for case in unresolved) for view in View},
        neighbourhoods=_groups(unresolved, lambda case: case.neighbourhood, now),
        operators=_groups(unresolved, lambda case: case.operator or NOBODY, now),
        routes=_groups(unresolved, lambda case: case.route or NOBODY, now),
        ages=_ages(unresolved, now),
        rows=[row_of(case, labels, now) for case in shown],
        found=len(found),
        page=page,
        pages=pages,
        is_cut=len(cases) == (CLOSED if wanted.view is View.CLOSED else MANY),
    )


async def read_mine(
    context: ServiceContext, labels: Labels, operator: str, wanted: Filter, now: datetime
) -> MineView:
    """A page of the open cases of an operator, the earliest due date first; those being closed come last."""
    where = {"state.status": Status.OPEN.value, "state.operator": operator, "state.merged_into": None}
    cases = await context.list(CASES, where, (("state.due_at", 1),), MANY)
    found = [case for case in cases if _matches(case, wanted, labels)]
    found.sort(key=_order(wanted, labels), reverse=wanted.descending)
    found.sort(key=lambda case: case.closing is not None)
    rows = [row_of(case, labels, now) for case in found]
    shown, page, pages = _page(rows, wanted.page)
    return MineView(shown, len(rows), sum(row.late for row in rows), page, pages)


def _page(found: list[T], wanted: int) -> tuple[list[T], int, int]:
    """The rows of a page, its number, and how many there are; a page beyond the last is the last."""
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(1, wanted), pages)
    return found[(page - 1) * PER_PAGE : page * PER_PAGE], page, pages


def row_of(case: Case, labels: Labels, now: datetime) -> Row:
    """A case with its labels."""
    return Row(
        case,
        labels.category(case.category),
        labels.place(case.place_id, case.neighbourhood),
        labels.neighbourhood(case.neighbourhood),
        late=_is_open(case) and case.due_at <= now,
        days=_days_open(case, now),
    )


async def _unresolved(context: ServiceContext) -> list[Case]:
    where = {"state.status": AnyOf((Status.OPEN.value, Status.HELD.value)), "state.merged_into": None}
    return await context.list(CASES, where, (("state.due_at", 1),), MANY)


async def _closed(context: ServiceContext) -> list[Case]:
    return await context.list(
        CASES, {"state.status": Status.RESOLVED.value}, (("state.resolved_at", -1),), CLOSED
    )


def _is_open(case: Case) -> bool:
    return case.status is not Status.RESOLVED and case.closing is None and not case.is_merged


def _in_view(case: Case, view: View, now: datetime) -> bool:
    is_open = _is_open(case)
    is_late = is_open and case.due_at <= now
    return {
        View.UNRESOLVED: is_open,
        View.LATE: is_late,
        View.TODAY: is_open and not is_late and _day(case.due_at) == _day(now),
        View.HELD: is_open and case.status is Status.HELD,
        View.CLOSING: case.status is not Status.RESOLVED and case.closing is not None,
        View.CLOSED: case.status is Status.RESOLVED,
    }[view]


def _matches(case: Case, wanted: Filter, labels: Labels) -> bool:
    fields = (
        (wanted.neighbourhood, case.neighbourhood),
        (wanted.operator, case.operator or NOBODY),
        (wanted.route, case.route or NOBODY),
    )
    same = all(value in ("", own) for value, own in fields)
    return same and (not wanted.words or labels.has_words(case, wanted.words))


def _order(wanted: Filter, labels: Labels) -> Callable[[Case], tuple[str | datetime, ...]]:
    def key(case: Case) -> tuple[str | datetime, ...]:
        place = (labels.neighbourhood(case.neighbourhood), labels.place(case.place_id, case.neighbourhood))
        if wanted.order is Order.PLACE:
            return (*place, case.due_at, case.report_id)
        if wanted.order is Order.CATEGORY:
            return (labels.category(case.category), case.due_at, case.report_id)
        if wanted.order is Order.AGE:
            return (case.opened_at, case.report_id)
        if wanted.view is View.CLOSED:
            # The list of closed cases begins with the last one; its column says so.
            return (case.resolved_at or case.due_at, case.report_id)
        return (case.due_at, *place, case.report_id)

    return key


def _groups(cases: Sequence[Case], code: Callable[[Case], str], now: datetime) -> list[Group]:
    present = sorted((case for case in cases if case.closing is None), key=code)
    groups = [_group(name, list(members), now) for name, members in groupby(present, code)]
    return sorted(groups, key=lambda one: (-one.cases, one.code))


def _group(code: str, cases: Sequence[Case], now: datetime) -> Group:
    late = sum(case.due_at <= now for case in cases)
    return Group(code, len(cases), late, max(_days_open(case, now) for case in cases))


def _ages(cases: Iterable[Case], now: datetime) -> list[int]:
    counts = [0] * (len(AGES) + 1)
    for case in cases:
        if case.closing is None:
            counts[sum(_days_open(case, now) > limit for limit in AGES)] += 1
    return counts


def _days_open(case: Case, now: datetime) -> int:
    end = case.resolved_at or now
    return max(0, (end.astimezone(ROME).date() - case.heard_at.astimezone(ROME).date()).days)


def _day(moment: datetime) -> str:
    return moment.astimezone(ROME).date().isoformat()
