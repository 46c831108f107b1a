"""The bytes of photos: encrypted pieces, stored before anything names them."""

from collections.abc import Sequence

from chassis.documents import AnyOf, Index
from chassis.errors import Unavailable
from chassis.sealing import LargeSealer
from chassis.service import ServiceContext
from intake.domain.photos import Decoded, Rendition
from intake.handlers.reserve_upload import DropUpload

PIECES = "photo_pieces"
INDEXES = (Index(PIECES, (("upload", 1),)),)


class PhotoData:
    """Stores the sizes of a photo under the id of its upload."""

    def __init__(self, context: ServiceContext) -> None:
        self._store = context.store

    async def put(self, upload_id: str, key: str, sizes: Sequence[Decoded]) -> tuple[Rendition, ...]:
        """Store every size, encrypted with this key; raises Unavailable when not all of it was stored."""
        box, rows, made = LargeSealer(key), [], []
        for one in sizes:
            pieces = box.seal(f"{upload_id}/{one.size}", one.data)
            made.append(Rendition(one.size.value, one.width, one.height, len(one.data), len(pieces)))
            rows += [
                {"_id": name, "upload": upload_id, "data": piece}
                for name, piece in zip(_names(upload_id, made[-1]), pieces, strict=True)
            ]
        if await self._store.insert_missing(PIECES, rows) != len(rows):
            raise Unavailable("the photo was not stored whole")
        return tuple(made)

    async def get(self, upload_id: str, key: str, size: Rendition) -> bytes:
        """One size of a photo, a JPEG; raises Erased when it is incomplete or was modified."""
        names = _names(upload_id, size)
        found = {row["_id"]: row["data"] for row in await self._store.query(PIECES, {"_id": AnyOf(names)})}
        pieces = [bytes(found.get(name, b"")) for name in names]
        return LargeSealer(key).open(f"{upload_id}/{size.size}", pieces)

    async def has(self, upload_id: str, size: Rendition) -> bool:
        """Whether the size is still stored; an upload that nothing names is deleted after a day."""
        return await self._store.get(PIECES, _names(upload_id, size)[0]) is not None

    async def drop(self, job: DropUpload, _: int) -> None:
        """Delete all sizes of an upload; doing it again has no further effect."""
        rows = await self._store.query(PIECES, {"upload": job.upload_id})
        await self._store.delete(PIECES, [row["_id"] for row in rows])


def _names(upload_id: str, size: Rendition) -> list[str]:
    return [f"{upload_id}/{size.size}/{number}" for number in range(size.pieces)]
