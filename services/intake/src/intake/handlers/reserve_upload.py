"""Store a photo before anything names it, and delete it when nothing has named it for a day."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.handling import Change, Job, Moment, Timer

UNNAMED = timedelta(days=1)


@dataclass(frozen=True)
class ReserveUpload:
    """Begin to store the pieces of a photo."""

    upload_id: str


@dataclass(frozen=True)
class UploadExpired:
    """The timer of an upload that nothing named."""

    upload_id: str


@dataclass(frozen=True)
class DropUpload:
    """The job that deletes the pieces of an upload."""

    upload_id: str


def reserve_upload(command: ReserveUpload, moment: Moment) -> Change:
    """Schedule the deletion of the pieces in a day; whoever names the upload cancels it."""
    due, body = moment.now + UNNAMED, UploadExpired(command.upload_id)
    return Change(timers=[Timer(expiry_of(command.upload_id), due, body, command.upload_id)])


def expire_upload(timer: UploadExpired, moment: Moment) -> Change:
    """Have the pieces deleted."""
    return Change(jobs=[Job(moment.id("drop"), DropUpload(timer.upload_id), timer.upload_id)])


def expiry_of(upload_id: str) -> str:
    """The id of the timer of an upload."""
    return f"upload:{upload_id}"
