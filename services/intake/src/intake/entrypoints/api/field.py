"""What the operators' app asks for and sends: everything can be sent again, and nothing is lost between two attempts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from chassis.errors import Refused
from intake.app.field_reports import Fate
from intake.app.use_cases import UseCases
from intake.domain.entries import Author
from intake.entrypoints.api.field_bundle import FieldBundles
from intake.entrypoints.api.field_reports import Arrived, NewFieldReport, SameProblem, similar_reports
from intake.entrypoints.api.field_talks import serve_households, serve_talks
from intake.entrypoints.api.photos import Sha256
from intake.entrypoints.api.v1 import client_id
from intake.entrypoints.pages.desk_layout import reader_of
from intake.entrypoints.photo_bodies import body_of
from webkit.guards import ScriptGuard
from webkit.login import Visitor
from webkit.site import Site

FIELD = "/v1/field"
_STATUS = {Fate.WAITING: 202, Fate.DISCARDED: 200}
# A photo with one of these answers will never be taken; the phone that sent other bytes than it named is to send it again.
_NEVER, _AGAIN = (409, 413, 415, 422), "another-hash"


class FieldRoutes:
    """The routes of the app, for operators with a session of the pages."""

    def __init__(self, use_cases: UseCases, site: Site, guard: ScriptGuard) -> None:
        self._cases, self._site, self._login = use_cases, site, site.logged_in()
        self._bundles = FieldBundles(use_cases.registers)
        self._guard, self._operator = guard, Depends(guard)

    def router(self) -> APIRouter:
        """All routes; they are for our own app alone, and so they are not in the published API."""
        api = APIRouter(prefix=FIELD, include_in_schema=False)
        self._serve_reading(api)
        self._serve_reports(api)
        serve_talks(api, self._cases, self._guard)
        serve_households(api, self._cases, self._guard, self._site)
        return api

    def _serve_reading(self, api: APIRouter) -> None:
        operator = self._operator

        @api.get("/bundle", dependencies=[operator])
        async def show_bundle(
            request: Request, if_none_match: Annotated[str | None, Header()] = None
        ) -> Response:
            """Places, categories and questions for work without a network; 304 when the phone has them."""
            bundle = await self._bundles.of(self._site.language(request).code)
            headers = {"ETag": bundle.tag, "Cache-Control": "private, no-cache"}
            if if_none_match == bundle.tag:
                return Response(status_code=304, headers=headers)
            return Response(bundle.body, media_type="application/json", headers=headers)

        @api.get("/day")
        async def show_day(visitor: Annotated[Visitor, operator]) -> dict[str, Any]:
            """Who is logged in, and what is agreed for the coming days."""
            reader = reader_of(visitor)
            agreed = await self._cases.field_days.appointments(reader)
            return {
                "owner": self._login.person(visitor),
                "name": visitor.name,
                "seal": self._login.csrf.token(visitor.session),
                "appointments": [
                    {"id": one.id, "at": one.at.isoformat(), "what": one.what, "place_id": one.place_id}
                    for one in agreed
                ],
            }

    def _serve_reports(self, api: APIRouter) -> None:
        cases, operator = self._cases, self._operator

        @api.put("/reports/{report_id}", status_code=201, response_model_exclude_none=True)
        async def submit(
            report_id: UUID,
            body: NewFieldReport,
            request: Request,
            response: Response,
            visitor: Annotated[Visitor, operator],
        ) -> Arrived:
            """Take a report: 201, or 200 with the same answer when it is known, and 202 while it waits for the desk."""
            taken = client_id(report_id)
            found = await cases.field_reports.submit(taken, body.report(), reader_of(visitor))
            response.status_code = _STATUS.get(found.fate, 200 if found.known else 201)
            code, pin = (found.receipt.tracking_code, found.receipt.pin) if found.receipt else (None, None)
            language = self._site.language(request).code
            return Arrived(
                report_id=taken,
                outcome=found.fate,
                tracking_code=code,
                pin=pin,
                reasons=tuple(found.reasons),
                similar=await similar_reports(cases.registers, language, found.similar),
            )

        @api.post("/reports/{report_id}/same")
        async def merge_into_same(
            report_id: UUID, body: SameProblem, visitor: Annotated[Visitor, operator]
        ) -> dict[str, Any]:
            """Merge a report of this phone into an earlier one about the same problem; the audit has a line of who did it."""
            command = str(report_id), str(body.main_id), "same-problem"
            return dict(await cases.merging.merge(*command, reader_of(visitor), str(body.command_id)))

        @api.put("/reports/{report_id}/photos/{sha256}", status_code=201)
        async def add_photo(
            report_id: UUID,
            sha256: Sha256,
            request: Request,
            response: Response,
            visitor: Annotated[Visitor, operator],
        ) -> dict[str, str]:
            """Add a photo: 201, or 200 when it is stored; the hash in the answer is the phone's leave to forget it.

            The desk sees why one was refused that will never be taken."""
            reader = reader_of(visitor)
            await cases.field_reports.admit(str(report_id), reader)
            try:
                async with body_of(request, cases.uploads) as data:
                    photo, known = await cases.photos.add(
                        str(report_id), data, Author.STAFF, reader.subject, named=sha256
                    )
            except Refused as refused:
                if refused.status in _NEVER and refused.slug != _AGAIN:
                    await cases.field_reports.leave_out_photo(str(report_id), sha256, refused.slug, reader)
                raise
            response.status_code = 200 if known else 201
            return {"sha256": photo.sha256}
