"""Record the photos that somebody wanted to add to a report and that could not be added."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from intake.domain.photos import MOST_LEFT_OUT, LeftOut, Photos
from intake.domain.reports import Report
from intake.domain.waiting import WaitingItem
from intake.handlers.documents import PHOTOS


@dataclass(frozen=True)
class LeaveOutPhotos:
    """These photos could not be added, each with its name and the code of the reason."""

    report_id: str
    photos: tuple[tuple[str, str], ...]


def leave_out_photos(
    command: LeaveOutPhotos,
    report: Report | None,
    photos: Photos | None,
    item: WaitingItem | None,
    moment: Moment,
) -> Change:
    """Keep why they are missing, at most 30 for a report; one that is told again, or was added, changes nothing.

    Raises Refused for a report that neither exists nor waits for the desk (404).
    """
    if report is None and item is None:
        raise Refused("no-such-report", "There is no report with this id.", status=404)
    before = photos or Photos(command.report_id)
    known = {one.name for one in before.left_out} | {one.sha256 for one in before.photos}
    new = [LeftOut(name, reason, moment.now) for name, reason in command.photos if name not in known]
    after = replace(before, left_out=(*before.left_out, *new)[:MOST_LEFT_OUT])
    return NOTHING if after == before else Change(write=[PHOTOS.put(after)])
