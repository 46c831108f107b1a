"""The page that asks how it went, for whoever has the code and PIN of a closed report."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from intake.domain.ratings import SCORES
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import HOME, StatusAccess
from intake.entrypoints.pages.status_form import FormKind, StatusForm, StatusFormPage
from intake.queries.reports import StatusView

PLACE = f"{HOME}/giudizio"


class RatingForm(StatusForm):
    """A score, and a sentence if the tenant wants."""

    score: str = ""
    sentence: str = ""


def _rating(front: Front) -> FormKind:
    ratings = front.use_cases.ratings

    async def present(report: StatusView) -> Mapping[str, str]:
        closing = report.closing
        if closing is None:
            return {"score": "", "sentence": ""}
        return {
            "score": str(closing.score or ""),
            "sentence": await ratings.sentence(report.report_id, closing),
        }

    def shown(report: StatusView) -> Mapping[str, Any]:
        is_possible = report.closing is not None and report.closing.is_rateable(front.context.clock())
        return {"scores": tuple(reversed(SCORES)), "is_possible": is_possible}

    async def rate(report_id: str, command_id: str, typed: Mapping[str, str]) -> bool:
        return await ratings.rate(report_id, command_id, typed["score"], typed["sentence"])

    return FormKind(
        PLACE,
        "status/rating.html",
        "report-rated",
        {"": "sentence", "score-missing": "score"},
        present,
        shown,
        rate,
        over={"not-rateable": PLACE},
    )


def rating_router(front: Front) -> APIRouter:
    """The routes of a rating, for a browser with a permission."""
    router, access, page = front.router(), StatusAccess(front), StatusFormPage(front, _rating(front))

    @router.get(PLACE)
    async def ask(request: Request, bozza: str = "") -> Response:
        report = await access.permitted(request)
        return await page.ask(request, report, bozza) if report else access.over(request)

    @router.post(PLACE)
    async def rate(request: Request, form: Annotated[RatingForm, Form()]) -> Response:
        report = await access.permitted(request)
        return await page.send(request, report, form) if report else access.over(request)

    return router
