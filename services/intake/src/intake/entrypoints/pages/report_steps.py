"""The pages of a new report, one question a page; what was answered before is kept for the browser between two pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from chassis.errors import Refused, Unavailable
from intake.domain.draft_rules import MOST_CHARACTERS, Fault
from intake.domain.registers import Register
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.report_choices import StepChoices
from intake.entrypoints.pages.report_form import (
    BY_CODE,
    PROBLEM,
    STEPS,
    SUMMARY,
    Answers,
    FormState,
    FormStep,
    ReportForm,
    field_of,
    group_faults,
    in_group,
    step_of,
)
from webkit.csrf import Visit

HOME = "/segnala"
DANGER = f"{HOME}/pericolo"


@dataclass(frozen=True)
class Shown:
    """One page of the form: its draft, its step, the answers, and the slug of what is wrong with the whole form."""

    draft_id: str
    step: FormStep
    answers: Answers
    faults: Sequence[Fault] = ()
    refused: str = ""
    search: str | None = None
    da: str = ""


class ReportSteps:
    """Shows the steps of a report, keeps the answers and sends the report."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases
        self._choices = StepChoices(front)

    async def begin(self, request: Request) -> Response:
        """The first step of a new form."""
        page = await self._page(request, Shown(self._cases.submissions.new_id(), PROBLEM, Answers()))
        # Back shows this page as it was: another draft would begin without its answers.
        page.headers["Cache-Control"] = "private, no-cache"
        return page

    async def show(
        self, request: Request, draft_id: str, step: FormStep, search: str | None, da: str
    ) -> Response:
        """One step with its answers; an earlier one when that has none yet, the first when nothing is kept any more."""
        visit = self._front.visit(request)
        state = await self._find(visit, draft_id)
        if state is None:
            gone = "" if step is PROBLEM else "draft-gone"
            return self._front.redirect(request, visit, HOME, gone)
        faults = await self._faults(state.answers)
        for earlier in STEPS[: STEPS.index(step)]:
            if faults[earlier.code]:
                return self._front.redirect(request, visit, _path(draft_id, earlier))
        wrong = state.wrong == step.code
        found = faults[step.code] if wrong else ()
        refused = state.refused if wrong else ""
        return await self._page(
            request,
            Shown(draft_id, step, state.answers, found, refused, search, da),
            422 if found or refused else 200,
        )

    async def answer(self, request: Request, draft_id: str, step: FormStep, form: ReportForm) -> Response:
        """Keep the answers of a step and go to the next one; or back to it with its faults."""
        visit = self._front.visit(request)
        answers = form.answers(step.fields, Answers())
        if not visit.accepts(form.seal):
            return await self._page(request, Shown(draft_id, step, answers, refused="unsealed"), 403)
        if form.group == "danger":
            return self._front.redirect(request, visit, DANGER)
        try:
            state = await self._find(visit, draft_id) or self._begun(draft_id)
            answers = in_group(form.answers(step.fields, state.answers), await self._categories())
            faults = (await self._faults(answers))[step.code]
            state = state.model_copy(
                update={"answers": answers, "wrong": step.code if faults else "", "refused": ""}
            )
            if not await self._keep(visit, draft_id, state):
                return await self._page(request, Shown(draft_id, step, answers, faults, da=form.da), 422)
        except Unavailable:
            return await self._page(request, Shown(draft_id, step, answers, refused="unavailable"), 503)
        following = SUMMARY if form.da == SUMMARY.code else STEPS[STEPS.index(step) + 1]
        return self._front.redirect(request, visit, _path(draft_id, step if faults else following))

    async def answer_all(self, request: Request, form: ReportForm) -> Response:
        """Send a form that has all answers at once; its draft is kept like that of one in steps."""
        visit = self._front.visit(request)
        draft_id = form.own_id() or self._cases.submissions.new_id()
        if not visit.accepts(form.seal):
            return await self._page(request, Shown(draft_id, PROBLEM, Answers(), refused="unsealed"), 403)
        fields = [name for step in STEPS for name in step.fields]
        answers = in_group(form.answers(fields, Answers()), await self._categories())
        return await self._send(request, visit, draft_id, FormState(report_id=draft_id, answers=answers))

    async def send(self, request: Request, draft_id: str, form: ReportForm) -> Response:
        """Send the report that the summary shows and go to its receipt."""
        visit = self._front.visit(request)
        state = await self._find(visit, draft_id)
        if state is None:
            return self._front.redirect(request, visit, HOME, "draft-gone")
        if not visit.accepts(form.seal):
            return await self._page(request, Shown(draft_id, SUMMARY, state.answers, refused="unsealed"), 403)
        return await self._send(request, visit, draft_id, state)

    async def _send(self, request: Request, visit: Visit, draft_id: str, state: FormState) -> Response:
        submissions = self._cases.submissions
        try:
            judged = await submissions.judge(state.answers.draft())
            if judged.faults:
                return await self._back(request, visit, draft_id, state, judged.faults[0])
            submitted = await submissions.accept(judged, state.report_id, visit.browser)
        except Refused as refused:
            other = state.model_copy(update={"report_id": submissions.new_id()})
            fault = Fault(refused.slug, "send", "", "")
            return await self._back(request, visit, draft_id, other, fault)
        except Unavailable:
            return await self._page(
                request, Shown(draft_id, SUMMARY, state.answers, refused="unavailable"), 503
            )
        await self._keep(visit, draft_id, state.model_copy(update={"wrong": "", "refused": ""}))
        done = "report-known" if submitted.known else ""
        return self._front.redirect(request, visit, f"{HOME}/{submitted.report_id}/ricevuta", done)

    async def _back(
        self, request: Request, visit: Visit, draft_id: str, state: FormState, fault: Fault
    ) -> Response:
        """To the step of a fault; an immediate danger leads to the page with the numbers to call."""
        if fault.slug == "call-112":
            return self._front.redirect(request, visit, DANGER)
        step = step_of(fault)
        refused = fault.slug if step is SUMMARY else ""
        wrong = state.model_copy(update={"wrong": step.code, "refused": refused})
        if await self._keep(visit, draft_id, wrong):
            return self._front.redirect(request, visit, _path(draft_id, step))
        return await self._page(request, Shown(draft_id, step, state.answers, (fault,), refused), 422)

    async def _page(self, request: Request, shown: Shown, status: int = 200) -> Response:
        visit, errors = self._front.visit(request), self._errors(request, shown)
        return self._front.page(
            request,
            f"report/{shown.step.code}.html",
            status,
            visit,
            action=HOME if shown.step is PROBLEM else _path(shown.draft_id, shown.step),
            here_path=_path(shown.draft_id, shown.step),
            before=_path(shown.draft_id, STEPS[max(0, STEPS.index(shown.step) - 1)]),
            draft=f"{HOME}/{shown.draft_id}",
            draft_id=shown.draft_id,
            step=shown.step,
            answers=shown.answers,
            da=shown.da,
            errors=errors,
            most=MOST_CHARACTERS,
            **await self._choices.of(request, shown.step, shown.answers, shown.search),
        )

    def _errors(self, request: Request, shown: Shown) -> Mapping[str, str]:
        """The first text of each field, in the order of the form; a fault of the whole form is at its button."""
        texts: dict[str, str] = {}
        for name in shown.step.fields:
            for fault in shown.faults:
                if field_of(fault) == name:
                    texts.setdefault(name, self._front.fault(request, fault.slug, most=MOST_CHARACTERS))
        if shown.refused:
            texts["send"] = self._front.fault(request, shown.refused)
        return texts

    async def _faults(self, answers: Answers) -> Mapping[str, Sequence[Fault]]:
        """The faults of each step."""
        judged = await self._cases.submissions.judge(answers.draft())
        found: dict[str, list[Fault]] = {step.code: [] for step in STEPS}
        for fault in (*group_faults(answers), *judged.faults):
            found[step_of(fault).code].append(fault)
        return found

    def _begun(self, draft_id: str) -> FormState:
        """A form without answers; its report gets the id of the draft, if that is one that the service generates."""
        is_ours = UUID(draft_id).version == 7
        return FormState(report_id=draft_id if is_ours else self._cases.submissions.new_id())

    async def _categories(self) -> Register:
        return await self._cases.registers.categories()

    async def _find(self, visit: Visit, draft_id: str) -> FormState | None:
        kept = await self._cases.drafts.find(visit.browser, draft_id)
        return None if kept is None else FormState.model_validate_json(kept["state"])

    async def _keep(self, visit: Visit, draft_id: str, state: FormState) -> bool:
        """Keep the form for this browser; False when its text is too long for that."""
        fields = {"state": state.model_dump_json()}
        if not self._cases.drafts.fits(fields):
            return False
        await self._cases.drafts.save(visit.browser, draft_id, fields)
        return True


def steps_router(front: Front) -> APIRouter:
    """The routes of a new report."""
    router, pages = APIRouter(), ReportSteps(front)

    @router.get(HOME)
    async def begin(request: Request) -> Response:
        return await pages.begin(request)

    @router.post(HOME)
    async def answer_first(request: Request, form: Annotated[ReportForm, Form()]) -> Response:
        if form.description:
            return await pages.answer_all(request, form)
        draft_id = form.own_id() or front.use_cases.submissions.new_id()
        return await pages.answer(request, draft_id, PROBLEM, form)

    @router.get(DANGER)
    async def show_danger(request: Request) -> Response:
        return front.page(request, "report/pericolo.html")

    @router.get(f"{HOME}/{{draft_id}}/{{code}}")
    async def show(
        request: Request, draft_id: UUID, code: str, cerca: str | None = None, da: str = ""
    ) -> Response:
        return await pages.show(request, str(draft_id), _step(code), cerca, da)

    @router.post(f"{HOME}/{{draft_id}}/{{code}}")
    async def answer(
        request: Request, draft_id: UUID, code: str, form: Annotated[ReportForm, Form()]
    ) -> Response:
        step = _step(code)
        if step is SUMMARY:
            return await pages.send(request, str(draft_id), form)
        return await pages.answer(request, str(draft_id), step, form)

    return router


def _path(draft_id: str, step: FormStep) -> str:
    return f"{HOME}/{draft_id}/{step.code}"


def _step(code: str) -> FormStep:
    if code not in BY_CODE:
        raise Refused("not-found", "There is no such page.", status=404)
    return BY_CODE[code]
