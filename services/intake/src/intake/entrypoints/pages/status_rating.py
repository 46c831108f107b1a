"""The page that asks how it went, for whoever has the code and PIN of a closed report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from intake.domain.draft_rules import MOST_CHARACTERS
from intake.domain.ratings import SCORES
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, REPORT, StatusAccess
from intake.queries.reports import StatusView

PLACE = f"{HOME}/giudizio"
FIELDS = {"score-missing": "score"}


class RatingForm(BaseModel):
    """The form with the score; its id makes a second sending the same."""

    command_id: UUID
    score: str = ""
    sentence: str = ""
    seal: str = ""


class StatusRating:
    """Asks how it went, and records the answer."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def ask(self, request: Request, report: StatusView, draft: str) -> Response:
        """The form with the present answer; with what was typed and its fault when the browser sent it before."""
        visit = self._front.visit(request)
        kept = await self._cases.drafts.find(visit.browser, f"giudizio:{draft}") if draft else None
        if kept is not None:
            typed = RatingForm(command_id=UUID(draft), score=kept["score"], sentence=kept["text"])
            return self._page(request, report, typed, kept["slug"], 422)
        closing = report.closing
        sentence = await self._cases.ratings.sentence(report.report_id, closing) if closing else ""
        score = str(closing.score or "") if closing else ""
        return self._page(
            request, report, RatingForm(command_id=self._new_id(), score=score, sentence=sentence)
        )

    async def rate(self, request: Request, report: StatusView, form: RatingForm) -> Response:
        """Record the answer and return to the report; or to the form with what is wrong."""
        visit = self._front.visit(request)
        if not visit.accepts(form.seal):
            return self._page(request, report, form, "unsealed", 403)
        try:
            known = await self._cases.ratings.rate(
                report.report_id, str(form.command_id), form.score, form.sentence
            )
        except Refused as refused:
            return await self._refuse(request, report, form, refused)
        except Unavailable:
            return self._page(request, report, form, "unavailable", 503)
        return self._front.redirect(request, visit, REPORT, "report-rated", known)

    async def _refuse(
        self, request: Request, report: StatusView, form: RatingForm, refused: Refused
    ) -> Response:
        visit = self._front.visit(request)
        if refused.slug == "not-rateable":
            return self._front.redirect(request, visit, PLACE)  # it says so
        command_id = self._new_id() if refused.slug == "id-reused" else form.command_id
        kept = {"score": form.score[:1], "text": form.sentence, "slug": refused.slug}
        if not self._cases.drafts.fits(kept):
            return self._page(request, report, form, refused.slug, 422)
        await self._cases.drafts.save(visit.browser, f"giudizio:{command_id}", kept)
        return self._front.redirect(request, visit, f"{PLACE}?bozza={command_id}")

    def _new_id(self) -> UUID:
        return UUID(uuid7(self._front.context.clock()))

    def _page(
        self, request: Request, report: StatusView, form: RatingForm, slug: str = "", status: int = 200
    ) -> Response:
        fault = self._front.fault(request, slug, most=MOST_CHARACTERS) if slug else ""
        closing = report.closing
        return self._front.page(
            request,
            "status/rating.html",
            status,
            self._front.visit(request),
            report=report,
            is_possible=closing is not None and closing.is_rateable(self._front.context.clock()),
            form=form,
            scores=tuple(reversed(SCORES)),
            errors={FIELDS.get(slug, "sentence"): fault} if slug else {},
        )


def rating_router(front: Front) -> APIRouter:
    """The routes of a rating, for a browser with a permission."""
    router, access, pages = APIRouter(), StatusAccess(front), StatusRating(front)

    @router.get(PLACE)
    async def ask(request: Request, bozza: str = "") -> Response:
        report = await access.permitted(request)
        return await pages.ask(request, report, bozza[:80]) if report else access.over(request)

    @router.post(PLACE)
    async def rate(request: Request, form: Annotated[RatingForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await pages.rate(request, report, form) if report else access.over(request)

    return router
