"""Keep what was heard and cannot become a report yet."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.reports import Report
from intake.domain.waiting import WaitingItem
from intake.handlers.documents import PRIVATE, WAITING, PrivatePart


@dataclass(frozen=True)
class KeepWaiting:
    """Keep an item; what was written is encrypted in `sealed`, under the key of the report that it will become."""

    item: WaitingItem
    sealed: PrivatePart


def keep_waiting(
    command: KeepWaiting,
    item: WaitingItem | None,
    report: Report | None,
    sealed: PrivatePart | None,
    moment: Moment,
) -> Change:
    """Keep the item as received now; the same item again changes nothing.

    Raises Refused for another item under a used id, and for the id of a report that exists or waits already (422).
    """
    if item is not None and item.fingerprint == command.item.fingerprint:
        return Change(answer={"state": item.state.value, "known": True})
    if item is not None or report is not None or sealed is not None:
        raise Refused(
            "id-reused", "Something else was kept under this id.", 422, "report_id", "Send a new id."
        )
    now = moment.now
    kept = replace(command.item, received_at=now, captured_at=min(now, command.item.captured_at))
    return Change(
        write=[WAITING.put(kept), PRIVATE.put(command.sealed)],
        answer={"state": kept.state.value, "known": False},
    )
