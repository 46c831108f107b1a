"""Decide whether everybody may see a photo."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.categories import Categories
from intake.domain.photos import Photos
from intake.domain.reports import Report
from intake.handlers.documents import PHOTOS
from intake.handlers.publish_text import check_public


@dataclass(frozen=True)
class ReviewPhoto:
    """Show a photo to everybody or take that back; `subject` is the issuer's id of who decides."""

    report_id: str
    sha256: str
    public: bool
    subject: str


def review_photo(
    command: ReviewPhoto,
    report: Report | None,
    photos: Photos | None,
    categories: Categories | None,
    moment: Moment,
) -> Change:
    """Record the decision.

    Raises Refused when the report has no such photo (404), and for one that would be public though its report never is (409).
    """
    photo = photos.find(command.sha256) if photos is not None else None
    if photos is None or photo is None:
        raise Refused("no-such-photo", "The report has no photo with this hash.", status=404)
    if command.public and report is not None:
        check_public(report, categories)
    if photo.public == command.public:
        return Change(answer={"public": photo.public})
    reviewed = replace(photo, public=command.public, reviewed_by=command.subject, reviewed_at=moment.now)
    return Change(write=[PHOTOS.put(photos.with_photo(reviewed))], answer={"public": reviewed.public})
