"""One problem of a talk: a report that takes household, place and hour from its session."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.sessions import Problem, SessionView
from intake.domain.categories import Kind
from intake.domain.drafts import Draft
from intake.entrypoints.pages.desk_form import Asked, asked_in, category_options
from intake.entrypoints.pages.desk_layout import reader_of
from intake.entrypoints.pages.question_fields import question_fields
from intake.entrypoints.pages.session_layout import (
    OPERATORS,
    SEARCH,
    TALKS,
    Refusals,
    SessionDesk,
    talk_page,
)
from webkit.login import Visitor

PROBLEM = "staff/session/problem.html"


class ProblemForm(BaseModel):
    """The form of a problem; its id is the id of the report."""

    command_id: UUID
    category: str = ""
    description: str = ""
    luogo: str = ""
    place_id: str = ""
    azione: str = ""
    seen: str = ""

    def draft(self) -> Draft:
        """What the problem alone says: category, place and description."""
        return Draft(self.category, self.place_id, self.description)


class ProblemPages:
    """Takes down problems, one after the other."""

    def __init__(self, desk: SessionDesk) -> None:
        self._desk, self._sessions = desk, desk.use_cases.sessions

    async def ask(self, request: Request, visitor: Visitor, session_id: str) -> Response:
        """The form, at the place of the household."""
        view = await self._desk.view(visitor, session_id)
        form = ProblemForm(command_id=UUID(self._desk.new_id()), place_id=view.session.place_id or "")
        return await self._show(request, visitor, view, form, Refusals(), Asked())

    async def take(self, request: Request, visitor: Visitor, session_id: str, form: ProblemForm) -> Response:
        """Register the problem at once and return to the session; or search a place, or show what is wrong."""
        view = await self._desk.view(visitor, session_id)
        if not form.place_id:
            form = form.model_copy(update={"place_id": view.session.place_id or ""})
        found = await self._asked(request, form)
        if form.azione == SEARCH:
            return await self._show(request, visitor, view, form, Refusals(), found)
        answers = found.draft(form.draft()).answers
        problem = Problem(form.category, form.description, form.place_id, answers)
        judged = await self._sessions.judge(view, problem)
        report_id = str(form.command_id)
        if not found.is_danger and (found.has_new or (found.dangers and not form.seen)):
            return await self._show(request, visitor, view, form, Refusals(), found)
        if judged.faults and not view.session.has_report(report_id):
            refusals = self._desk.refusals(request, judged.faults)
            return await self._show(request, visitor, view, form, refusals, found)
        try:
            made = await self._sessions.take(session_id, reader_of(visitor), report_id, judged)
        except Refused as refused:
            refusals = self._desk.refusal(request, refused, "send")
            if refused.slug == "id-reused":
                refusals = Refusals({"send": self._desk.error(request, refused)})
                form = form.model_copy(update={"command_id": UUID(self._desk.new_id())})
            return await self._show(request, visitor, view, form, refusals, found)
        return self._desk.to_talk(request, session_id, "talk-problem", made.known)

    async def _asked(self, request: Request, form: ProblemForm) -> Asked:
        return await asked_in(request, self._desk.use_cases, form.category, form.place_id, form.description)

    async def _show(
        self,
        request: Request,
        visitor: Visitor,
        view: SessionView,
        form: ProblemForm,
        refusals: Refusals,
        found: Asked,
    ) -> Response:
        language = self._desk.site.language(request)
        kinds = {kind: language.label("category-group", kind.value) for kind in Kind}
        registers = self._desk.use_cases.registers
        categories, words = await registers.categories(), await registers.words(language.code)
        return self._desk.site.page(
            request,
            PROBLEM,
            refusals.status,
            reader=visitor,
            crumbs=self._desk.crumbs_to(request, view),
            here_path=talk_page(view.session.session_id),
            form=form,
            number=len(view.session.reports) + 1,
            categories=category_options(categories, words, kinds),
            questions=question_fields(found.category, found.questions, found.given, words, language)
            if found.category
            else (),
            has_new=found.has_new,
            dangers=[(words.diversion(one), one.calls) for one in found.dangers],
            place=await self._desk.places(form.luogo, form.place_id),
            errors=refusals.errors,
            is_danger=refusals.is_danger,
        )


def problem_router(desk: SessionDesk) -> APIRouter:
    """The routes of a problem, for operators."""
    router, pages, operators = APIRouter(prefix=TALKS), ProblemPages(desk), Depends(desk.guard(*OPERATORS))

    @router.get("/{session_id}/problema")
    async def ask(request: Request, session_id: UUID, visitor: Annotated[Visitor, operators]) -> Response:
        return await pages.ask(request, visitor, str(session_id))

    @router.post("/{session_id}/problema")
    async def take(
        request: Request,
        session_id: UUID,
        visitor: Annotated[Visitor, operators],
        form: Annotated[ProblemForm, Form()],
    ) -> Response:
        return await pages.take(request, visitor, str(session_id), form)

    return router
