"""The pages of a new report, one question a page; what was answered before is kept for the browser between two pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from fastapi import Request, Response

from chassis.errors import Refused, Unavailable
from intake.app.uploads import Upload
from intake.domain.draft_rules import MOST_CHARACTERS, Fault
from intake.domain.photos import MOST_PHOTOS, Size
from intake.domain.questions import MOST_CHARACTERS as MOST_IN_ANSWER
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.photo_faults import Refusals, fault_texts
from intake.entrypoints.pages.question_fields import PREFIX, Given, read_answers, shown_in
from intake.entrypoints.pages.report_choices import StepChoices
from intake.entrypoints.pages.report_drafts import JudgedForm, ReportDrafts, typed_into
from intake.entrypoints.pages.report_form import (
    PLACE,
    POINT,
    PROBLEM,
    QUESTIONS,
    SAME,
    STEPS,
    SUMMARY,
    TEXT,
    Answers,
    FormState,
    FormStep,
    ReportForm,
    field_of,
    in_group,
    step_of,
)
from intake.entrypoints.pages.report_photos import DraftPhotos
from intake.entrypoints.photo_bodies import PhotoForm
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
    report_id: str = ""
    photos: Sequence[Upload] = ()
    photo_faults: Refusals = ()


class ReportSteps:
    """Shows the steps of a report, keeps the answers and sends the report."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases
        self._drafts = ReportDrafts(front)
        self._choices, self._photos = StepChoices(front, self._drafts), DraftPhotos(front.use_cases)

    async def begin(self, request: Request, search: str | None) -> Response:
        """The first step of a new form."""
        draft_id = self._cases.submissions.new_id()
        page = await self._page(request, Shown(draft_id, PROBLEM, Answers(), search=search))
        # Back shows this page as it was: another draft would begin without its answers.
        page.headers["Cache-Control"] = "private, no-cache"
        return page

    async def show(
        self, request: Request, draft_id: str, step: FormStep, search: str | None, da: str
    ) -> Response:
        """One step with its answers; an earlier one when that has none yet, the first when nothing is kept any more."""
        visit = self._front.visit(request)
        state = await self._drafts.find(visit, draft_id)
        if state is None:
            gone = "" if step is PROBLEM else "draft-gone"
            return self._front.redirect(request, visit, HOME, gone)
        judged = await self._drafts.judge(state.answers, (draft_id, state.report_id))
        for earlier in STEPS[: STEPS.index(step)]:
            if judged.faults[earlier.code]:
                return self._front.redirect(request, visit, path_of(draft_id, earlier))
        if step not in judged.steps:
            return self._front.redirect(request, visit, path_of(draft_id, STEPS[STEPS.index(step) + 1]))
        wrong = state.wrong == step.code
        found = judged.faults[step.code] if wrong else ()
        refused = state.refused if wrong else ""
        photo_faults = state.photo_faults if wrong and step is TEXT else ()
        shown = Shown(draft_id, step, state.answers, found, refused, search, da, state.report_id)
        return await self._page(
            request,
            replace(shown, photos=state.photos, photo_faults=photo_faults),
            422 if found or refused or photo_faults else 200,
        )

    async def answer(
        self,
        request: Request,
        draft_id: str,
        step: FormStep,
        form: ReportForm,
        files: PhotoForm | None = None,
    ) -> Response:
        """Keep the answers of a step and go to the next one; or back to it with its faults."""
        visit = self._front.visit(request)
        answers = form.answers(step.fields, Answers())
        if not visit.accepts(form.seal):
            return await self._page(request, Shown(draft_id, step, answers, refused="unsealed"), 403)
        try:
            state = await self._drafts.find(visit, draft_id) or self._drafts.begun(draft_id)
            categories = await self._cases.registers.categories()
            answers = in_group(typed_into(step, form, state.answers, categories), categories)
            if step is QUESTIONS:
                answers = answers.model_copy(update={"given": await self._given(request, answers)})
            if step is SAME:
                answers = answers.model_copy(update={"joins": form.joins})
            judged = await self._drafts.judge(answers, (draft_id, state.report_id))
            state = await self._photos.taken(state, files)
            has_wrong_photos = files is not None and bool(state.photo_faults)
            wrong = step.code if judged.faults[step.code] or has_wrong_photos else ""
            state = state.model_copy(update={"answers": answers, "wrong": wrong, "refused": ""})
            if not await self._drafts.keep(visit, draft_id, state):
                shown = Shown(draft_id, step, answers, judged.faults[step.code], da=form.da)
                return await self._page(request, shown, 422)
        except Unavailable:
            return await self._page(request, Shown(draft_id, step, answers, refused="unavailable"), 503)
        if judged.danger or answers.group == "danger":
            return self._front.redirect(request, visit, _danger(draft_id, step, judged.danger))
        if has_wrong_photos:
            back = f"?da={form.da}" if form.da == SUMMARY.code else ""
            return self._front.redirect(request, visit, path_of(draft_id, step) + back)
        return await self._onward(request, draft_id, step, judged, form)

    async def _onward(
        self, request: Request, draft_id: str, step: FormStep, judged: JudgedForm, form: ReportForm
    ) -> Response:
        """To the next step; back to this one when it has faults, or an answer brought another question or parts of a place."""
        visit, da = self._front.visit(request), form.da
        here, back = path_of(draft_id, step), f"?da={da}" if da == SUMMARY.code else ""
        if judged.faults[step.code] or (step is POINT and form.within and judged.has_parts):
            return self._front.redirect(request, visit, here + back)
        if step is QUESTIONS:
            shown = shown_in(await request.form())
            if new := [one.code for one in judged.questions if one.code not in shown]:
                return self._front.redirect(request, visit, f"{here}{back}#{PREFIX}{new[0]}")
        later = [one for one in judged.steps if STEPS.index(one) > STEPS.index(step)]
        if da == SUMMARY.code and not (step is PLACE and POINT in later):
            # From the summary only what is still missing is asked.
            later = [one for one in later if judged.faults[one.code] or one is SUMMARY]
        path = path_of(draft_id, later[0]) + (back if later[0] is POINT else "")
        return self._front.redirect(request, visit, path)

    async def _given(self, request: Request, answers: Answers) -> Given:
        """The answers to the category's questions, with those of this form."""
        category, _ = await self._drafts.subject(answers)
        before = answers.given or {}
        return read_answers(await request.form(), category, before) if category else before

    async def answer_all(self, request: Request, form: ReportForm) -> Response:
        """Send a form that has all answers at once; its draft is kept like that of one in steps."""
        visit = self._front.visit(request)
        draft_id = form.own_id() or self._cases.submissions.new_id()
        if not visit.accepts(form.seal):
            return await self._page(request, Shown(draft_id, PROBLEM, Answers(), refused="unsealed"), 403)
        fields = [name for step in STEPS for name in step.fields]
        answers = in_group(form.answers(fields, Answers()), await self._cases.registers.categories())
        state = FormState(report_id=draft_id, answers=answers)
        if await self._drafts.dangers(answers.description) and await self._drafts.keep(
            visit, draft_id, state
        ):
            return self._front.redirect(request, visit, path_of(draft_id, SUMMARY))
        return await self._send(request, visit, draft_id, state)

    async def show_danger(self, request: Request, code: str, back: str) -> Response:
        """Whom to call, and the way back to the form."""
        registers = self._cases.registers
        danger = (await registers.categories()).diversion(code)
        words = await registers.words(self._front.language(request).code)
        return self._front.page(
            request,
            "report/pericolo.html",
            danger=danger and words.diversion(danger),
            calls=danger.calls if danger else ("112", "115"),
            back=back,
        )

    async def send(self, request: Request, draft_id: str, form: ReportForm) -> Response:
        """Send the report that the summary shows and go to its receipt."""
        visit = self._front.visit(request)
        state = await self._drafts.find(visit, draft_id)
        if state is None:
            return self._front.redirect(request, visit, HOME, "draft-gone")
        if not visit.accepts(form.seal):
            return await self._page(request, Shown(draft_id, SUMMARY, state.answers, refused="unsealed"), 403)
        return await self._send(request, visit, draft_id, state)

    async def _send(self, request: Request, visit: Visit, draft_id: str, state: FormState) -> Response:
        submissions = self._cases.submissions
        try:
            judged = await submissions.judge(await self._drafts.draft(state.answers))
            if judged.faults:
                return await self._back(request, visit, draft_id, state, judged.faults[0])
            if lost := await self._photos.lost(state):
                return await self._back(
                    request, visit, draft_id, lost, Fault("photo-gone", "description", "", "")
                )
            state = await self._drafts.joining(visit, draft_id, state)
            submitted = await submissions.accept(
                judged, state.report_id, visit.browser, joins=state.answers.joins or None
            )
            if submitted.receipt is not None:  # only its first sender adds photos
                await self._photos.attach(submitted.report_id, state.photos)
        except Refused as refused:
            other = state.model_copy(update={"report_id": submissions.new_id()})
            fault = Fault(refused.slug, "send", "", "")
            return await self._back(request, visit, draft_id, other, fault)
        except Unavailable:
            return await self._page(
                request, Shown(draft_id, SUMMARY, state.answers, refused="unavailable"), 503
            )
        await self._drafts.keep(visit, draft_id, state.model_copy(update={"wrong": "", "refused": ""}))
        done = "report-known" if submitted.known else ""
        return self._front.redirect(request, visit, f"{HOME}/{submitted.report_id}/ricevuta", done)

    async def _back(
        self, request: Request, visit: Visit, draft_id: str, state: FormState, fault: Fault
    ) -> Response:
        """To the step of a fault; an immediate danger leads to the page with the numbers to call."""
        if fault.slug == "call-112":
            danger = (await self._drafts.judge(state.answers)).danger
            return self._front.redirect(request, visit, _danger(draft_id, step_of(fault), danger))
        step = step_of(fault)
        refused = fault.slug if step is SUMMARY else ""
        wrong = state.model_copy(update={"wrong": step.code, "refused": refused})
        if await self._drafts.keep(visit, draft_id, wrong):
            return self._front.redirect(request, visit, path_of(draft_id, step))
        return await self._page(request, Shown(draft_id, step, state.answers, (fault,), refused), 422)

    async def photo(self, request: Request, draft_id: str, sha256: str, size: Size) -> Response:
        """A photo of the form, for its browser."""
        state = await self._drafts.find(self._front.visit(request), draft_id)
        return await self._photos.image(state.photos if state else (), sha256, size)

    async def _page(self, request: Request, shown: Shown, status: int = 200) -> Response:
        visit = self._front.visit(request)
        own = shown.draft_id, shown.report_id
        judged = await self._drafts.judge_if_possible(shown.answers, own)
        before = [one for one in judged.steps if STEPS.index(one) < STEPS.index(shown.step)]
        return self._front.page(
            request,
            f"report/{shown.step.code}.html",
            status,
            visit,
            action=HOME if shown.step is PROBLEM else path_of(shown.draft_id, shown.step),
            here_path=path_of(shown.draft_id, shown.step),
            before=path_of(shown.draft_id, before[-1] if before else PROBLEM),
            draft=f"{HOME}/{shown.draft_id}",
            draft_id=shown.draft_id,
            step=shown.step,
            answers=shown.answers,
            da=shown.da,
            errors=self._errors(request, shown, judged),
            photos=shown.photos,
            most=MOST_CHARACTERS,
            most_photos=MOST_PHOTOS,
            **await self._choices.of(request, shown.step, shown.answers, judged, shown.search),
        )

    def _errors(self, request: Request, shown: Shown, judged: JudgedForm) -> Mapping[str, str]:
        """The first text of each field, in the order of the form; a fault of the whole form is at its button."""
        texts: dict[str, str] = {}
        questions = [PREFIX + one.code for one in judged.questions] if shown.step is QUESTIONS else []
        for name in (*shown.step.fields, *questions):
            for fault in shown.faults:
                if field_of(fault) == name:
                    most = MOST_IN_ANSWER if questions else MOST_CHARACTERS
                    texts.setdefault(name, self._front.fault(request, fault.slug, most=most))
        texts |= fault_texts(self._front, request, shown.photo_faults)
        if shown.refused:
            texts["send"] = self._front.fault(request, shown.refused)
        return texts


def path_of(draft_id: str, step: FormStep) -> str:
    """The page of a step."""
    return f"{HOME}/{draft_id}/{step.code}"


def _danger(draft_id: str, step: FormStep, code: str) -> str:
    return f"{DANGER}?{urlencode({'che': code, 'bozza': draft_id, 'passo': step.code})}"
