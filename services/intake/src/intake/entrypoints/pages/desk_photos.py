"""The photos of a report for staff: each with a line in the audit, and the decision whether everybody may see it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from pydantic import BaseModel

from intake.domain.photos import Size
from intake.entrypoints.pages.desk_layout import HOME, STAFF, Desk, page_of, reader_of
from webkit.login import Visitor

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class ReviewForm(BaseModel):
    """The decision about a photo."""

    public: bool


class PhotoDesk:
    """Shows photos to staff."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def page(self, request: Request, visitor: Visitor, report_id: str, sha256: str) -> Response:
        """One photo, and the form of the decision."""
        report = await self._cases.readings.admit(report_id, reader_of(visitor))
        photo = await self._cases.photos.find(report_id, sha256)
        return self._desk.site.page(
            request,
            "staff/photo.html",
            reader=visitor,
            crumbs=self._desk.crumbs(request, report),
            report=report,
            photo=photo,
            can_be_public=await self._cases.publications.is_public(report) and report.status != "withdrawn",
            large=photo.rendition(Size.LARGE),
            place_of=page_of(report_id),
        )

    async def image(self, visitor: Visitor, report_id: str, sha256: str, size: Size) -> Response:
        """The photo itself."""
        data = await self._cases.photos.read_as(reader_of(visitor), report_id, sha256, size)
        return Response(data, media_type="image/jpeg")

    async def review(
        self, request: Request, visitor: Visitor, report_id: str, sha256: str, form: ReviewForm
    ) -> Response:
        """Record the decision and return to the photo."""
        again = await self._cases.photos.review(reader_of(visitor), report_id, sha256, form.public)
        done = "photo-public" if form.public else "photo-private"
        return self._desk.site.redirect(request, f"{page_of(report_id)}/foto/{sha256}", done, again)


def photos_router(desk: Desk) -> APIRouter:
    """The routes of photos."""
    router, pages = APIRouter(prefix=f"{HOME}/{{report_id}}/foto/{{sha256}}"), PhotoDesk(desk)
    staff: Any = Depends(desk.guard(*STAFF))

    @router.get("")
    async def show_page(
        request: Request, report_id: UUID, sha256: Sha256, visitor: Annotated[Visitor, staff]
    ) -> Response:
        return await pages.page(request, visitor, str(report_id), sha256)

    @router.get("/{size}")
    async def show_image(
        report_id: UUID, sha256: Sha256, size: Size, visitor: Annotated[Visitor, staff]
    ) -> Response:
        return await pages.image(visitor, str(report_id), sha256, size)

    @router.post("")
    async def review(
        request: Request,
        report_id: UUID,
        sha256: Sha256,
        visitor: Annotated[Visitor, staff],
        form: Annotated[ReviewForm, Form()],
    ) -> Response:
        return await pages.review(request, visitor, str(report_id), sha256, form)

    return router
