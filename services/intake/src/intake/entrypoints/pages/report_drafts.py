"""The unfinished reports of a browser: kept between two pages, judged step by step."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.errors import Refused, Unavailable
from intake.app.duplicates import Candidate
from intake.domain.categories import Categories, Category, Diversion, Kind, Question
from intake.domain.category_search import find_diversions
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Draft
from intake.domain.questions import asked, diverted, only_asked
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.place_choices import parts_of
from intake.entrypoints.pages.report_form import (
    CATEGORY,
    POINT,
    PROBLEM,
    QUESTIONS,
    SAME,
    STEPS,
    Answers,
    FormState,
    FormStep,
    ReportForm,
    group_faults,
    step_of,
)
from webkit.csrf import Visit

NOT_ASKED = Fault("questions-open", "answers", "", "")
NOT_COMPARED = Fault("joins-open", "joins", "", "")


@dataclass(frozen=True)
class JudgedForm:
    """The faults of each step, the questions that are asked, and the code of the danger that an answer tells of, or nothing.

    `has_parts` when somebody can be more precise about the place; `same` are earlier reports that may be about the same problem,
    looked for when all the rest is answered.
    """

    faults: Mapping[str, Sequence[Fault]]
    questions: Sequence[Question]
    danger: str
    has_parts: bool
    same: Sequence[Candidate] = ()

    @property
    def steps(self) -> Sequence[FormStep]:
        """The steps of this form: questions, parts of a place and earlier reports only where there are some."""
        left_out = {QUESTIONS: not self.questions, POINT: not self.has_parts, SAME: not self.same}
        return [step for step in STEPS if not left_out.get(step)]


class ReportDrafts:
    """Keeps and judges the forms of a browser."""

    def __init__(self, front: Front) -> None:
        self._cases = front.use_cases

    async def find(self, visit: Visit, draft_id: str) -> FormState | None:
        """The form that this browser has under this id, or None."""
        kept = await self._cases.drafts.find(visit.browser, draft_id)
        return None if kept is None else FormState.model_validate_json(kept["state"])

    async def keep(self, visit: Visit, draft_id: str, state: FormState) -> bool:
        """Keep the form for this browser; False when its text is too long for that."""
        fields = {"state": state.model_dump_json()}
        if not self._cases.drafts.fits(fields):
            return False
        await self._cases.drafts.save(visit.browser, draft_id, fields)
        return True

    async def joining(self, visit: Visit, draft_id: str, state: FormState) -> FormState:
        """The form with the report that it can join by now, kept before it is sent, so that a resend is the same report."""
        joins = state.answers.joins
        if not joins:
            return state
        now = await self._cases.duplicates.joinable(joins, state.report_id) or ""
        if now == joins:
            return state
        state = state.model_copy(update={"answers": state.answers.model_copy(update={"joins": now})})
        await self.keep(visit, draft_id, state)
        return state

    def begun(self, draft_id: str) -> FormState:
        """A form without answers; its report gets the id of the draft, if that is one that the service generates."""
        is_ours = UUID(draft_id).version == 7
        return FormState(report_id=draft_id if is_ours else self._cases.submissions.new_id())

    async def judge(self, answers: Answers, own: Collection[str] = ()) -> JudgedForm:
        """Find the faults of each step; what nobody has been asked yet is one of its step. `own` are the form's own reports."""
        category, kind = await self.subject(answers)
        draft = await self.draft(answers)
        questions = asked(category, draft.answers or (), kind) if category and kind else ()
        found: dict[str, list[Fault]] = {step.code: [] for step in STEPS}
        open_questions = (NOT_ASKED,) if questions and answers.given is None else ()
        judged = await self._cases.submissions.judge(draft)
        for fault in (*group_faults(answers), *judged.faults, *open_questions):
            found[step_of(fault).code].append(fault)
        parts = parts_of(await self._cases.registers.places(), answers.place_id)
        same = () if any(found.values()) else await self._same(draft, own)
        if same and answers.joins is None:
            found[SAME.code].append(NOT_COMPARED)
        return JudgedForm(found, questions, _danger(category, answers), bool(parts), same)

    async def _same(self, draft: Draft, own: Collection[str]) -> Sequence[Candidate]:
        """The earlier reports that may be about the same problem; none while they cannot be looked for."""
        try:
            found = await self._cases.duplicates.public(draft.place_id, draft.category, draft.description)
        except (Refused, Unavailable):  # what is wrong with the draft is a fault of its step
            return ()
        return [one for one in found if one.report.report_id not in own]

    async def judge_if_possible(self, answers: Answers, own: Collection[str] = ()) -> JudgedForm:
        """The same for a page that is shown in any case: without faults and questions while the registers cannot be read."""
        try:
            return await self.judge(answers, own)
        except Unavailable:
            return JudgedForm({}, (), "", has_parts=False)

    async def draft(self, answers: Answers) -> Draft:
        """The draft of the domain, without answers to questions that are not asked any more."""
        category, kind = await self.subject(answers)
        draft = answers.draft()
        if category is None or draft.answers is None:
            return draft
        return replace(draft, answers=only_asked(category, draft.answers, kind))

    async def subject(self, answers: Answers) -> tuple[Category | None, str]:
        """The category of the form, and the kind of its place; None and nothing before they are chosen."""
        categories = await self._cases.registers.categories()
        place = (await self._cases.registers.places()).place(answers.place_id)
        return categories.category(answers.category), "" if place is None else place.kind.value

    async def dangers(self, text: str) -> Sequence[Diversion]:
        """The dangers that a text may tell of, in whatever language it is written."""
        registers = self._cases.registers
        return find_diversions(await registers.categories(), await registers.all_words(), text)


def typed_into(step: FormStep, form: ReportForm, before: Answers, categories: Categories) -> Answers:
    """The answers after a step; a category chosen in the first two steps brings its group, and another one has other questions.

    Whether it was reported before is asked again for another category, place or text.
    """
    category = categories.category(form.category)
    if step in (PROBLEM, CATEGORY) and category is not None:
        answers = before.model_copy(update={"category": category.code, "group": category.kind.value})
    else:
        answers = form.answers(step.fields, before)
    if answers.category != before.category:
        answers = answers.model_copy(update={"given": None})
    compared = {"category", "place_id", "description"}
    is_as_before = answers.model_dump(include=compared) == before.model_dump(include=compared)
    return answers if is_as_before else answers.model_copy(update={"joins": None})


def _danger(category: Category | None, answers: Answers) -> str:
    if category is None:
        return ""
    if category.kind is Kind.DANGER:
        return category.diversion
    found = diverted(category, answers.draft().answers or ())
    return found[1] if found else ""
