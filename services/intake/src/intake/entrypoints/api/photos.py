"""The photos of a report in the JSON API: a photo is stored under the SHA-256 of its bytes, so that a repeat changes nothing."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import AwareDatetime, BaseModel

from chassis.errors import Refused
from chassis.service import ServiceContext
from chassis.web import Principal
from intake.app.readings import Reader
from intake.app.use_cases import UseCases
from intake.domain.entries import Author
from intake.domain.photos import MOST_PHOTOS, Photo, Size
from intake.entrypoints.api.v1 import Sender, pin_caller
from intake.entrypoints.photo_bodies import body_of
from intake.queries.reports import report_of

STAFF = ("operator", "coordinator", "officer")
# A photo that is taken back stays in caches for so long.
PUBLIC = "public, max-age=300"

Sha256 = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{64}$", description="The SHA-256 of the photo's bytes, in lower-case hexadecimal."
    ),
]
Pin = Annotated[
    str | None, Header(alias="Ascolto-Pin", description="The six digits of the receipt.", max_length=64)
]
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}, "description": "The photo, upright and without metadata."}
}


class PhotoSize(BaseModel):
    """One size of a photo, a JPEG of so many pixels and bytes."""

    size: Size
    width: int
    height: int
    bytes: int


class StoredPhoto(BaseModel):
    """A photo of a report; `public` when staff decided that everybody may see it."""

    sha256: str
    added_at: AwareDatetime
    by: Author
    public: bool
    sizes: list[PhotoSize]


class StoredPhotos(BaseModel):
    """The photos that are stored, oldest first; a client forgets its own copies of these."""

    photos: list[StoredPhoto]
    most: int = MOST_PHOTOS


@dataclass(frozen=True)
class Holder:
    """Who may add and see the photos of a report: its tenant, or somebody of the staff."""

    by: Author
    reader: Reader | None = None

    @property
    def subject(self) -> str | None:
        """The issuer's id of the staff member."""
        return self.reader.subject if self.reader else None


class PhotoAccess:
    """Finds out who sends a request: the first sender's secret, the PIN, or a token of the staff."""

    def __init__(self, context: ServiceContext, use_cases: UseCases) -> None:
        self._context, self._cases = context, use_cases
        self._staff = context.require(*STAFF)

    async def __call__(
        self, request: Request, report_id: UUID, sender: Sender = None, pin: Pin = None
    ) -> Holder:
        """The holder; raises Refused (401, 403, 404 or 429). No proof and an unknown report are refused alike."""
        wanted = str(report_id)
        report = await report_of(self._context, wanted)
        if report is None:
            raise _no_such_report()
        if "authorization" in request.headers:
            return await self._staff_member(await self._staff(request), wanted)
        if sender and self._cases.codes.is_sender(wanted, report.sender_hash, sender):
            return Holder(Author.TENANT)
        if pin:
            caller = pin_caller(request, sender)
            found = await self._cases.tracking.find(report.tracking_code, pin, caller)
            if found.report_id == wanted:
                return Holder(Author.TENANT)
        raise _no_such_report()

    async def _staff_member(self, principal: Principal, report_id: str) -> Holder:
        reader = Reader(principal.subject, principal.roles)
        await self._cases.readings.admit(report_id, reader)
        return Holder(Author.STAFF, reader)


def _no_such_report() -> Refused:
    return Refused(
        "no-such-report",
        "There is no report with this id, or the request does not prove that it may see it.",
        status=404,
        fix="Send the Ascolto-Sender of the report, its Ascolto-Pin, or a bearer token of the staff.",
    )


def router(context: ServiceContext, use_cases: UseCases) -> APIRouter:
    """The routes of photos."""
    api = APIRouter(
        prefix="/v1/reports/{report_id}/photos",
        tags=["photos"],
        dependencies=[Depends(context.require("public"))],
    )
    access = PhotoAccess(context, use_cases)
    _serve_adding(api, use_cases, access)
    _serve_reading(api, use_cases, access)
    return api


def _serve_adding(api: APIRouter, use_cases: UseCases, access: PhotoAccess) -> None:
    body = {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}

    @api.put(
        "/{sha256}",
        status_code=201,
        responses={200: {"model": StoredPhoto}, 201: {"model": StoredPhoto}},
        openapi_extra={"requestBody": body},
    )
    async def add_photo(
        report_id: UUID,
        sha256: Sha256,
        request: Request,
        response: Response,
        holder: Annotated[Holder, Depends(access)],
    ) -> StoredPhoto:
        """Add a JPEG, PNG, WebP or HEIC of at most 20 MB: 201, or 200 with the same answer when it is stored already."""
        async with body_of(request, use_cases.uploads) as data:
            photo, known = await use_cases.photos.add(
                str(report_id), data, holder.by, holder.subject, named=sha256
            )
        response.status_code = 200 if known else 201
        return _stored(photo)


def _serve_reading(api: APIRouter, use_cases: UseCases, access: PhotoAccess) -> None:
    @api.get("")
    async def list_photos(report_id: UUID, _: Annotated[Holder, Depends(access)]) -> StoredPhotos:
        """The photos that are stored."""
        return StoredPhotos(photos=[_stored(one) for one in await use_cases.photos.of(str(report_id))])

    @api.get("/{sha256}/{size}", response_class=Response, responses=JPEG)
    async def show_photo(
        report_id: UUID, sha256: Sha256, size: Size, request: Request, sender: Sender = None, pin: Pin = None
    ) -> Response:
        """One size of a photo, for who may see the report; of a public photo for everybody."""
        photos, wanted = use_cases.photos, str(report_id)
        if await use_cases.public_requests.has_photo(wanted, sha256):
            headers = {"Cache-Control": PUBLIC, "ETag": f'"{sha256}-{size.value}"'}
            if headers["ETag"] in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers=headers)
            data = await photos.read(wanted, sha256, size)
            return Response(data, media_type="image/jpeg", headers=headers)
        holder = await access(request, report_id, sender, pin)
        if holder.reader is not None:
            data = await photos.read_as(holder.reader, wanted, sha256, size)
        else:
            data = await photos.read(wanted, sha256, size)
        return Response(data, media_type="image/jpeg")


def _stored(photo: Photo) -> StoredPhoto:
    return StoredPhoto(
        sha256=photo.sha256,
        added_at=photo.added_at,
        by=Author(photo.by),
        public=photo.public,
        sizes=[
            PhotoSize(size=Size(one.size), width=one.width, height=one.height, bytes=one.bytes)
            for one in photo.renditions
        ],
    )
