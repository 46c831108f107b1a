"""Add a photo to a report."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.entries import Author
from intake.domain.photos import MOST_PHOTOS, Photo, Photos, Rendition, is_open_to_photos
from intake.domain.reports import Report
from intake.domain.waiting import WaitingItem
from intake.handlers.documents import PHOTOS
from intake.handlers.reserve_upload import expiry_of


@dataclass(frozen=True)
class AddPhoto:
    """Name a stored upload as a photo of the report; `key` is encrypted under the key of the report."""

    report_id: str
    sha256: str
    upload_id: str
    key: bytes
    renditions: tuple[Rendition, ...]
    by: Author
    subject: str | None = None


def add_photo(
    command: AddPhoto,
    report: Report | None,
    photos: Photos | None,
    item: WaitingItem | None,
    moment: Moment,
) -> Change:
    """Add the photo and keep its pieces; the same photo again changes nothing, and its second upload expires.

    Raises Refused for a missing report (404), and for a status or a number of photos that does not allow it (409).
    """
    photos = photos or Photos(command.report_id)
    check_photo(report, photos, command.sha256, command.by, item)
    if (known := photos.find(command.sha256)) is not None:
        return Change(answer={"upload_id": known.upload_id, "known": True})
    photo = Photo(
        sha256=command.sha256,
        upload_id=command.upload_id,
        key=command.key,
        renditions=command.renditions,
        added_at=moment.now,
        by=command.by,
        subject=command.subject,
    )
    return Change(
        write=[PHOTOS.put(photos.with_photo(photo))],
        cancel=[expiry_of(command.upload_id)],
        answer={"upload_id": photo.upload_id, "known": False},
    )


def check_photo(
    report: Report | None, photos: Photos, sha256: str, by: Author, item: WaitingItem | None = None
) -> None:
    """Raise Refused when the photo cannot be added; one that is there already is never refused.

    A report that waits for the desk as `item` takes photos before it is one.
    """
    if report is None and (item is None or not item.waits):
        raise Refused("no-such-report", "There is no report with this id.", status=404)
    if photos.find(sha256) is not None:
        return
    if report is not None and not is_open_to_photos(report, by):
        raise Refused(
            "report-ended",
            f"The report is {report.status.value}: no photo can be added.",
            fix="Make a new report if it is not solved.",
        )
    if len(photos.photos) >= MOST_PHOTOS:
        raise Refused(
            "too-many-photos",
            f"The report has {MOST_PHOTOS} photos already.",
            fix="Describe in words what they do not show.",
        )
