"""The routes of a new report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from chassis.errors import Refused
from intake.domain.photos import Size
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.report_form import (
    BY_CODE,
    CATEGORY,
    PROBLEM,
    SUMMARY,
    TEXT,
    FormStep,
    ReportForm,
)
from intake.entrypoints.pages.report_steps import DANGER, HOME, ReportSteps, path_of
from intake.entrypoints.photo_bodies import form_of


def steps_router(front: Front) -> APIRouter:
    """The routes of a new report."""
    router, pages = front.router(), ReportSteps(front)

    @router.get(HOME)
    async def begin(request: Request, cerca: str | None = None) -> Response:
        return await pages.begin(request, cerca)

    @router.post(HOME)
    async def answer_first(request: Request, form: Annotated[ReportForm, Form()]) -> Response:
        if form.description:
            return await pages.answer_all(request, form)
        draft_id = form.own_id() or front.use_cases.submissions.new_id()
        return await pages.answer(request, draft_id, CATEGORY if form.category else PROBLEM, form)

    @router.get(DANGER)
    async def show_danger(
        request: Request, che: str = "", bozza: UUID | None = None, passo: str = PROBLEM.code
    ) -> Response:
        before = HOME if bozza is None else path_of(str(bozza), _step(passo))
        return await pages.show_danger(request, che, before)

    @router.get(f"{HOME}/{{draft_id}}/{{code}}")
    async def show(
        request: Request, draft_id: UUID, code: str, cerca: str | None = None, da: str = ""
    ) -> Response:
        return await pages.show(request, str(draft_id), _step(code), cerca, da)

    _serve_photos(router, front, pages)

    @router.post(f"{HOME}/{{draft_id}}/{{code}}")
    async def answer(
        request: Request, draft_id: UUID, code: str, form: Annotated[ReportForm, Form()]
    ) -> Response:
        step = _step(code)
        if step is SUMMARY:
            return await pages.send(request, str(draft_id), form)
        return await pages.answer(request, str(draft_id), step, form)

    return router


def _serve_photos(router: APIRouter, front: Front, pages: ReportSteps) -> None:
    @router.get(f"{HOME}/{{draft_id}}/foto/{{sha256}}/{{size}}")
    async def show_photo(request: Request, draft_id: UUID, sha256: str, size: Size) -> Response:
        return await pages.photo(request, str(draft_id), sha256, size)

    @router.post(f"{HOME}/{{draft_id}}/{TEXT.code}")
    async def answer_text(request: Request, draft_id: UUID) -> Response:
        async with form_of(request, front.use_cases.uploads) as sent:
            form = ReportForm.model_validate(sent.fields)
            return await pages.answer(request, str(draft_id), TEXT, form, sent)


def _step(code: str) -> FormStep:
    if code not in BY_CODE:
        raise Refused("not-found", "There is no such page.", status=404)
    return BY_CODE[code]
