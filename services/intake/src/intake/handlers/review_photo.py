"""Decide whether everybody may see a photo."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.photos import Photos
from intake.handlers.documents import PHOTOS


@dataclass(frozen=True)
class ReviewPhoto:
    """Show a photo to everybody or take that back; `subject` is the issuer's id of who decides."""

    report_id: str
    sha256: str
    public: bool
    subject: str


def review_photo(command: ReviewPhoto, photos: Photos | None, moment: Moment) -> Change:
    """Record the decision; raises Refused (404) when the report has no such photo."""
    photo = photos.find(command.sha256) if photos is not None else None
    if photos is None or photo is None:
        raise Refused("no-such-photo", "The report has no photo with this hash.", status=404)
    if photo.public == command.public:
        return Change(answer={"public": photo.public})
    reviewed = replace(photo, public=command.public, reviewed_by=command.subject, reviewed_at=moment.now)
    return Change(write=[PHOTOS.put(photos.with_photo(reviewed))], answer={"public": reviewed.public})
