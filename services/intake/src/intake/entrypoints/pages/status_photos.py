"""The photos of a report for whoever has its code and PIN."""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from chassis.ids import uuid7
from intake.domain.entries import Author
from intake.domain.photos import MOST_PHOTOS, Size
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.photo_faults import Refusals, fault_texts, take
from intake.entrypoints.pages.status_access import HOME, REPORT, StatusAccess
from intake.entrypoints.photo_bodies import PhotoForm, form_of
from intake.queries.reports import StatusView

PHOTOS = f"{HOME}/foto"


class StatusPhotos:
    """Shows the photos of a report and adds some."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def ask(self, request: Request, report: StatusView, problem: str) -> Response:
        """The form that adds photos; with what was wrong with some that the browser sent before."""
        visit = self._front.visit(request)
        kept = await self._cases.drafts.find(visit.browser, f"foto:{problem}") if problem else None
        refused = [(name, slug) for name, slug in json.loads(kept["refused"])] if kept else []
        return await self._asked(request, report, refused, 422 if refused else 200)

    async def add(self, request: Request, report: StatusView, form: PhotoForm) -> Response:
        """Add the photos and return to the report; or to the form with those that were refused, and why."""
        visit = self._front.visit(request)
        if not visit.accepts(form.fields.get("seal", "")):
            return await self._asked(request, report, [("", "unsealed")], 403)

        async def add(data: bytes) -> None:
            await self._cases.photos.add(report.report_id, data, Author.TENANT)

        refused = await take(form.files, add) if form.files else [("", "photo-missing")]
        if not refused:
            return self._front.redirect(request, visit, REPORT, "photos-added")
        problem = uuid7(self._front.context.clock())
        kept = {"refused": json.dumps(refused)}
        await self._cases.drafts.save(visit.browser, f"foto:{problem}", kept)
        return self._front.redirect(request, visit, f"{PHOTOS}?errore={problem}")

    async def show(self, report: StatusView, sha256: str, size: Size) -> Response:
        """A photo of the report."""
        data = await self._cases.photos.read(report.report_id, sha256, size)
        return Response(data, media_type="image/jpeg")

    async def _asked(self, request: Request, report: StatusView, refused: Refusals, status: int) -> Response:
        return self._front.page(
            request,
            "status/photos.html",
            status,
            self._front.visit(request),
            report=report,
            photos=await self._cases.photos.readable(report.report_id),
            errors=fault_texts(self._front, request, refused),
            most=MOST_PHOTOS,
        )


def photos_router(front: Front) -> APIRouter:
    """The routes of photos, for a browser with a permission."""
    router, access, pages = front.router(), StatusAccess(front), StatusPhotos(front)

    @router.get(PHOTOS)
    async def ask(request: Request, errore: str = "") -> Response:
        report = await access.permitted(request)
        return await pages.ask(request, report, errore[:80]) if report else access.over(request)

    @router.post(PHOTOS)
    async def add(request: Request) -> Response:
        report = await access.permitted(request)
        if report is None:
            return access.over(request)
        async with form_of(request, front.use_cases.uploads) as form:
            return await pages.add(request, report, form)

    @router.get(f"{PHOTOS}/{{sha256}}/{{size}}")
    async def show(
        request: Request, sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")], size: Size
    ) -> Response:
        report = await access.permitted(request)
        return await pages.show(report, sha256, size) if report else access.over(request)

    return router
