"""The photos of a report: what is accepted, how large, and who may add and see them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from intake.domain.entries import Author
from intake.domain.reports import ENDED, Report, Status

MOST_PHOTOS, MOST_LEFT_OUT = 10, 30
MOST_BYTES = 20 * 1024**2
MOST_PIXELS = 50_000_000  # the largest photo of an iPhone has 48.8 million
SMALL_EDGE, MEDIUM_EDGE, LARGE_EDGE = 320, 800, 1600

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


class Size(StrEnum):
    """The sizes in which a photo is stored."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


# The longest edge of each size in pixels; a smaller photo is not enlarged.
EDGES = {Size.LARGE: LARGE_EDGE, Size.MEDIUM: MEDIUM_EDGE, Size.SMALL: SMALL_EDGE}


@dataclass(frozen=True)
class Decoded:
    """A photo in one size, as a JPEG without metadata."""

    size: Size
    width: int
    height: int
    data: bytes


Decode = Callable[[bytes], Awaitable[Sequence[Decoded]]]


@dataclass(frozen=True)
class Rendition:
    """One size of a photo: a JPEG of these pixels and bytes, stored encrypted in so many pieces."""

    size: str
    width: int
    height: int
    bytes: int
    pieces: int


@dataclass(frozen=True)
class Photo:
    """One photo, named by the SHA-256 of what was sent; `key` decrypts its pieces and is encrypted under the key of the report.

    Only a `public` photo may be shown to everybody; `reviewed_by` is the issuer's id of who decided that, or took it back.
    """

    sha256: str
    upload_id: str
    key: bytes
    renditions: tuple[Rendition, ...]
    added_at: datetime
    by: str
    subject: str | None = None
    public: bool = False
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None

    def rendition(self, size: Size) -> Rendition:
        """The photo in this size."""
        return next(one for one in self.renditions if one.size == size)


@dataclass(frozen=True)
class LeftOut:
    """A photo that could not be added: the code of the reason. `name` is its SHA-256, or what else tells it from the report's others."""

    name: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Photos:
    """The photos of one report, oldest first, and those that could not be added."""

    report_id: str
    photos: tuple[Photo, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def find(self, sha256: str) -> Photo | None:
        """The photo with this hash, or None."""
        return next((one for one in self.photos if one.sha256 == sha256), None)

    @property
    def reviewed(self) -> tuple[Photo, ...]:
        """Those that everybody may see."""
        return tuple(one for one in self.photos if one.public)

    def with_photo(self, photo: Photo) -> "Photos":
        """These photos and one more, or with its new state in its place."""
        if self.find(photo.sha256) is None:
            left_out = tuple(one for one in self.left_out if one.name != photo.sha256)
            return replace(self, photos=(*self.photos, photo), left_out=left_out)
        photos = tuple(photo if one.sha256 == photo.sha256 else one for one in self.photos)
        return replace(self, photos=photos)


def is_photo(head: bytes) -> bool:
    """Whether a file that begins with these bytes (at least 12) is a JPEG, PNG, WebP or HEIC, whatever its name."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def is_open_to_photos(report: Report, by: Author) -> bool:
    """Whether a photo can be added: staff shows the repair of a closed report too, nobody adds to a withdrawn one."""
    closed_to = ENDED if by is Author.TENANT else {Status.WITHDRAWN}
    return report.status not in closed_to
