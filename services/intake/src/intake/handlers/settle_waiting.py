"""Complete a waiting item: it becomes a report, or part of one."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.categories import Categories
from intake.domain.places import Place
from intake.domain.reports import Report
from intake.domain.waiting import WaitingItem, WaitingState, completed
from intake.handlers.discard_waiting import expiry
from intake.handlers.documents import WAITING, PrivatePart
from intake.handlers.register_report import RegisterReport, register_report


@dataclass(frozen=True)
class SettleWaiting:
    """Register the report that an item becomes, as `by` completed it."""

    by: str
    report: RegisterReport


@dataclass(frozen=True)
class AttachWaiting:
    """What was written in an item was added to another report."""

    report_id: str
    about: str
    by: str


def settle_waiting(
    command: SettleWaiting,
    item: WaitingItem | None,
    report: Report | None,
    sealed: PrivatePart | None,
    categories: Categories | None,
    place: Place | None,
    moment: Moment,
) -> Change:
    """Register the report as `register_report` does and settle the item; a settled one changes nothing.

    Raises Refused as `register_report` does, for a missing item (404), for a discarded one (409), and for one whose content was
    erased or changed meanwhile (410).
    """
    item = open_item(item)
    if item.state is WaitingState.SETTLED:
        return Change(answer={"known": True})
    if sealed is None or not sealed.key or sealed.key != command.report.sealed.key:
        raise Refused("report-erased", "What was written was erased.", 410)
    change = register_report(command.report, report, sealed, categories, place, moment)
    after = completed(item, command.by, moment.now)
    return replace(change, write=[*change.write, WAITING.put(after)])


def attach_waiting(command: AttachWaiting, item: WaitingItem | None, moment: Moment) -> Change:
    """Settle an item whose content was added to the report `about`, and erase its own copy a month later; raises Refused (404, 409)."""
    item = open_item(item)
    if item.state is WaitingState.SETTLED:
        return Change(answer={"known": True})
    after = replace(completed(item, command.by, moment.now), about=command.about)
    return Change(write=[WAITING.put(after)], timers=[expiry(item.id, moment.now)], answer={"known": False})


def open_item(item: WaitingItem | None) -> WaitingItem:
    """The item that waits or is settled; raises Refused for a missing one (404) and for a discarded one (409)."""
    if item is None:
        raise Refused("no-such-item", "There is no waiting item with this id.", 404)
    if item.state is WaitingState.DISCARDED:
        raise Refused(
            "item-discarded", "The item was discarded.", 409, fix="Ask the reporter to tell it again."
        )
    return item
