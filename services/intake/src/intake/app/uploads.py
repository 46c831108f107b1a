"""Take in a photo: judge its bytes, decode it, and store its sizes before anything names them."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from chassis.sealing import LargeSealer
from chassis.service import ServiceContext
from intake.app.photo_counts import PhotoCounts
from intake.app.photo_data import PhotoData
from intake.domain.photos import MOST_BYTES, Decode, Decoded, Rendition, is_photo
from intake.handlers.reserve_upload import ReserveUpload

# Of one process: bodies with photos that are being received or decoded.
MOST_BYTES_AT_ONCE = 96 * 1024**2


@dataclass(frozen=True)
class Upload:
    """A stored photo that nothing names yet; `key` decrypts it, so it is kept encrypted or not at all."""

    sha256: str
    upload_id: str
    key: str
    renditions: tuple[Rendition, ...]


class Uploads:
    """Takes photos in."""

    def __init__(self, context: ServiceContext, data: PhotoData, decode: Decode, counts: PhotoCounts) -> None:
        self._context, self._data, self._decode, self._counts = context, data, decode, counts
        self._held = 0

    @contextmanager
    def room(self, length: int) -> Iterator[None]:
        """Hold so many bytes of memory for a body; raises Refused (503) when the bodies at once would be too large."""
        if self._held + length > MOST_BYTES_AT_ONCE:
            self._counts.refused.labels("photos-busy").inc()
            raise Refused(
                "photos-busy",
                "Too many photos arrive at once; this one was not stored.",
                status=503,
                fix="Send it again after the time in Retry-After.",
                headers={"Retry-After": "5"},
            )
        self._held += length
        try:
            yield
        finally:
            self._held -= length

    async def store(self, data: bytes, sha256: str) -> Upload:
        """Store the sizes of a photo; after a day they are deleted unless something names the upload.

        Raises Refused for what is no photo (415), is too large (413) or cannot be decoded (422), and Unavailable.
        """
        judge(data)
        sizes = await self._decode(data)
        upload_id, key = uuid7(self._context.clock()), LargeSealer.new_key()
        await self._context.run(ReserveUpload(upload_id), id=f"upload:{upload_id}", key=upload_id)
        stored = Upload(sha256, upload_id, key, await self._data.put(upload_id, key, sizes))
        self._counts.bytes.inc(sum(one.bytes for one in stored.renditions))
        return stored


async def no_decoder(_: bytes) -> Sequence[Decoded]:
    """What decodes in a process that takes no photos: raises Unavailable."""
    raise Unavailable("this process decodes no photos")


def judge(data: bytes) -> None:
    """Raise Refused for what is too large (413) or by its content no photo (415)."""
    if len(data) > MOST_BYTES:
        raise too_large()
    if not is_photo(data[:16]):
        raise Refused(
            "not-a-photo",
            "By its content this is no JPEG, PNG, WebP or HEIC.",
            status=415,
            field="photo",
            fix="Send the photo as the camera makes it.",
        )


def too_large() -> Refused:
    """The refusal of a photo with too many bytes."""
    return Refused(
        "photo-too-large",
        f"The photo is larger than {MOST_BYTES} bytes.",
        status=413,
        field="photo",
        fix="Choose a smaller resolution in the camera, or send a screenshot of the photo.",
    )


async def hash_of(data: bytes) -> str:
    """The SHA-256 of a photo, computed outside the event loop."""
    return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
