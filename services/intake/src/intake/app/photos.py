"""The photos of a report: add them, read them, and decide whether everybody may see them."""

from collections.abc import Sequence

from chassis.errors import Refused
from chassis.ids import derive, uuid7
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext
from intake.app.photo_counts import PhotoCounts
from intake.app.photo_data import PhotoData
from intake.app.readings import Reader, Readings
from intake.app.uploads import Upload, Uploads, hash_of
from intake.domain.entries import Author
from intake.domain.photos import LeftOut, Photo, Photos, Size
from intake.domain.readers import Part
from intake.handlers.add_photo import AddPhoto, check_photo
from intake.handlers.documents import PHOTOS, PRIVATE, REPORTS
from intake.handlers.leave_out_photos import LeaveOutPhotos
from intake.handlers.review_photo import ReviewPhoto
from intake.queries.readings import READ
from intake.queries.waiting import waiting_item


class ReportPhotos:
    """Adds photos to reports and reads them; they are encrypted with keys that the key of the report encrypts."""

    def __init__(
        self,
        context: ServiceContext,
        sealer: Sealer,
        readings: Readings,
        uploads: Uploads,
        data: PhotoData,
        counts: PhotoCounts,
    ) -> None:
        self._context, self._sealer, self._readings = context, sealer, readings
        self._uploads, self._data, self._counts = uploads, data, counts

    async def of(self, report_id: str) -> Sequence[Photo]:
        """The photos of a report, oldest first."""
        found = await self._context.load(PHOTOS, report_id)
        return found.photos if found else ()

    async def left_out(self, report_id: str) -> Sequence[LeftOut]:
        """The photos that could not be added to a report."""
        return (await self._photos(report_id)).left_out

    async def leave_out(self, report_id: str, photos: Sequence[tuple[str, str]]) -> None:
        """Record photos that could not be added, by name and the code of the reason; again changes nothing. Raises Refused (404)."""
        if photos:
            command = LeaveOutPhotos(report_id, tuple(photos))
            id_ = f"left-out:{derive(repr(photos), report_id)}"
            await self._context.run(command, id=id_, key=report_id, correlation=report_id)

    async def readable(self, report_id: str) -> Sequence[Photo]:
        """The photos that can be shown: those of a report, or none when its data were erased."""
        found = await self._context.snapshot(PHOTOS[report_id], PRIVATE[report_id])
        return self.shown(found.get(PHOTOS, report_id), found.get(PRIVATE, report_id))

    def shown(self, stored: Photos | None, sealed: Sealed | None) -> Sequence[Photo]:
        """The same of a document of photos that was read, with what has the key of its report."""
        if stored is None or not stored.photos or sealed is None:
            return ()
        try:
            self._sealer.open(Sealed(sealed.owner, sealed.key, {}))
        except Erased:
            return ()
        return stored.photos

    async def add(
        self, report_id: str, data: bytes, by: Author, subject: str | None = None, named: str | None = None
    ) -> tuple[Photo, bool]:
        """Add a photo; returns it and whether it was there before, which is not decoded again.

        `named` is the hash that the sender gave. Raises Refused for another hash (422), for what Uploads.store refuses, for a missing
        report that does not wait for the desk either (404), an erased one (410), and a status or a number of photos that does not
        allow it (409).
        """
        with self._counts.refusals():
            sha256 = await hash_of(data)
            if named is not None and named != sha256:
                raise _another_hash(sha256)
            report, photos = (await self._context.load(REPORTS, report_id)), await self._photos(report_id)
            item = None if report else await waiting_item(self._context, report_id)
            check_photo(report, photos, sha256, by, item)
            if (known := photos.find(sha256)) is not None:
                return known, True
            return await self._name(report_id, await self._uploads.store(data, sha256), by, subject)

    async def attach(self, report_id: str, upload: Upload, by: Author) -> None:
        """Add a photo that was stored before the report; the same again changes nothing.

        Raises Refused as `add` does, and for an upload that is no longer stored (410).
        """
        with self._counts.refusals():
            if not await self._data.has(upload.upload_id, upload.renditions[-1]):
                raise Refused("photo-expired", "The photo waited for its report too long.", status=410)
            await self._name(report_id, upload, by, None)

    async def read(self, report_id: str, sha256: str, size: Size) -> bytes:
        """One size of a photo, a JPEG; raises Refused when there is none (404) and when it was erased (410)."""
        return await self._open(report_id, await self.find(report_id, sha256), size)

    async def read_as(self, reader: Reader, report_id: str, sha256: str, size: Size) -> bytes:
        """The same for staff, after the audit has a line of who sees it; small sizes have one line an hour and report.

        Raises Refused (404, 403 or 410), and Unavailable when the line cannot be written.
        """
        await self._readings.admit(report_id, reader)
        photo = await self.find(report_id, sha256)
        small = size is Size.SMALL
        details = {
            "report_id": report_id,
            "roles": sorted(reader.roles),
            "part": (Part.PHOTOS if small else Part.PHOTO).value,
        }
        hour = self._context.clock().strftime("%Y-%m-%dT%H")
        once = derive(f"{reader.subject}/{report_id}/{hour}", "photos") if small else None
        await self._context.audit(reader.subject, READ, details, once)
        return await self._open(report_id, photo, size)

    async def review(self, reader: Reader, report_id: str, sha256: str, public: bool) -> bool:
        """Show a photo to everybody, or take that back; returns whether it was so before.

        Raises Refused when there is none (404), when this person may not read the report (403), and for one that is never public (409).
        """
        await self._readings.admit(report_id, reader)
        before = (await self.find(report_id, sha256)).public
        command = ReviewPhoto(report_id, sha256, public, reader.subject)
        id_ = f"review:{uuid7(self._context.clock())}"
        await self._context.run(command, id=id_, key=report_id, correlation=report_id)
        return before == public

    async def find(self, report_id: str, sha256: str) -> Photo:
        """A photo of the report; raises Refused (404)."""
        photo = (await self._photos(report_id)).find(sha256)
        if photo is None:
            raise Refused("no-such-photo", "The report has no photo with this hash.", status=404)
        return photo

    async def _photos(self, report_id: str) -> Photos:
        return await self._context.load(PHOTOS, report_id) or Photos(report_id)

    async def _name(
        self, report_id: str, upload: Upload, by: Author, subject: str | None
    ) -> tuple[Photo, bool]:
        """Make a stored upload a photo of the report."""
        name = _bound(upload.upload_id)
        try:
            key = self._sealer.add(await self._private(report_id), {name: upload.key}).fields[name]
        except Erased as erased:
            raise _erased() from erased
        answer = await self._context.run(
            AddPhoto(report_id, upload.sha256, upload.upload_id, key, upload.renditions, by, subject),
            id=f"photo:{report_id}:{upload.sha256}",
            key=report_id,
            correlation=report_id,
            fingerprint=upload.sha256,
        )
        known = answer.body["upload_id"] != upload.upload_id
        if not known and not answer.again:
            self._counts.added.inc()
        return await self.find(report_id, upload.sha256), known

    async def _open(self, report_id: str, photo: Photo, size: Size) -> bytes:
        name = _bound(photo.upload_id)
        try:
            sealed = await self._private(report_id)
            key = self._sealer.open(Sealed(sealed.owner, sealed.key, {name: photo.key}))[name]
            return await self._data.get(photo.upload_id, key, photo.rendition(size))
        except Erased as erased:
            raise _erased() from erased

    async def _private(self, report_id: str) -> Sealed:
        """What has the key of the report; raises Erased when that was deleted whole."""
        sealed = await self._context.load(PRIVATE, report_id)
        if sealed is None:
            raise Erased(report_id)
        return sealed


def _bound(upload_id: str) -> str:
    """The name under which the key of a photo is encrypted, so that photos cannot be exchanged."""
    return f"photo/{upload_id}"


def _erased() -> Refused:
    return Refused("report-erased", "The data of the report were erased.", status=410)


def _another_hash(sha256: str) -> Refused:
    return Refused(
        "another-hash",
        f"The body has the SHA-256 {sha256}, not that of the address; nothing was stored.",
        status=422,
        field="sha256",
        fix="Send exactly the bytes that were hashed.",
    )
