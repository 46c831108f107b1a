"""Give a report a new PIN."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.reports import Report
from intake.handlers.documents import REPORTS


@dataclass(frozen=True)
class RenewPin:
    """Give the report the PIN of this nonce, whose hash is `pin_hash`."""

    report_id: str
    nonce: str
    pin_hash: str


def renew_pin(command: RenewPin, report: Report | None, moment: Moment) -> Change:  # noqa: ARG001
    """Replace the hash of the PIN, so that the former PIN stops working; raises Refused (404) for a missing report."""
    if report is None:
        raise Refused("no-such-report", "There is no report with this id.", status=404)
    renewed = replace(report, pin_hash=command.pin_hash, pin_nonce=command.nonce)
    return Change(write=[REPORTS.put(renewed)], answer={"nonce": command.nonce})
