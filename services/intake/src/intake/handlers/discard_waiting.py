"""Discard a waiting item, and erase what was written in it a month later."""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment, Timer
from intake.domain.reports import Report
from intake.domain.waiting import (
    KEPT_AFTER_DISCARD,
    DiscardReason,
    WaitingItem,
    WaitingState,
    discarded,
)
from intake.handlers.documents import PRIVATE, WAITING, PrivatePart


@dataclass(frozen=True)
class DiscardWaiting:
    """Discard an item for this reason."""

    report_id: str
    by: str
    reason: DiscardReason


@dataclass(frozen=True)
class DiscardExpired:
    """The timer of a discarded item, whose content is not kept any longer."""

    report_id: str


def discard_waiting(command: DiscardWaiting, item: WaitingItem | None, moment: Moment) -> Change:
    """Discard the item, and schedule the erasure of its content; a discarded one changes nothing.

    Raises Refused for a missing item (404) and for one that is a report already (409).
    """
    if item is None:
        raise Refused("no-such-item", "There is no waiting item with this id.", 404)
    if item.state is WaitingState.SETTLED:
        raise Refused("item-settled", "The item is a report already.", 409, fix="Open the report.")
    if item.state is WaitingState.DISCARDED:
        return Change(answer={"known": True})
    return Change(
        write=[WAITING.put(discarded(item, command.by, command.reason, moment.now))],
        timers=[expiry(item.id, moment.now)],
        answer={"known": False},
    )


def expiry(item_id: str, now: datetime) -> Timer:
    """The timer that erases what was written in an item which becomes no report of its own."""
    return Timer(f"discarded:{item_id}", now + KEPT_AFTER_DISCARD, DiscardExpired(item_id), item_id)


def erase_discarded(
    timer: DiscardExpired,  # noqa: ARG001 - its id names the documents
    report: Report | None,
    sealed: PrivatePart | None,
    moment: Moment,  # noqa: ARG001 - an erasure has no time of its own
) -> Change:
    """Delete the key and the content; nothing when they are erased or belong to a report."""
    if report is not None or sealed is None or not sealed.key:
        return NOTHING
    return Change(write=[PRIVATE.put(replace(sealed, key=b"", fields={}, lookup=(), words=()))])
