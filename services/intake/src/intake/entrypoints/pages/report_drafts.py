"""The unfinished reports of a browser: kept between two pages, judged step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.errors import Unavailable
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


@dataclass(frozen=True)
class JudgedForm:
    """The faults of each step, the questions that are asked, and the code of the danger that an answer tells of, or nothing.

    `has_parts` when somebody can be more precise about the place.
    """

    faults: Mapping[str, Sequence[Fault]]
    questions: Sequence[Question]
    danger: str
    has_parts: bool

    @property
    def steps(self) -> Sequence[FormStep]:
        """The steps of this form: that of the questions and that of the parts of a place only where there are some."""
        left_out = {QUESTIONS: not self.questions, POINT: not self.has_parts}
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

    def begun(self, draft_id: str) -> FormState:
        """A form without answers; its report gets the id of the draft, if that is one that the service generates."""
        is_ours = UUID(draft_id).version == 7
        return FormState(report_id=draft_id if is_ours else self._cases.submissions.new_id())

    async def judge(self, answers: Answers) -> JudgedForm:
        """Find the faults of each step; questions that nobody has been asked yet are one of their step."""
        category, kind = await self.subject(answers)
        draft = await self.draft(answers)
        questions = asked(category, draft.answers or (), kind) if category and kind else ()
        found: dict[str, list[Fault]] = {step.code: [] for step in STEPS}
        open_questions = (NOT_ASKED,) if questions and answers.given is None else ()
        judged = await self._cases.submissions.judge(draft)
        for fault in (*group_faults(answers), *judged.faults, *open_questions):
            found[step_of(fault).code].append(fault)
        parts = parts_of(await self._cases.registers.places(), answers.place_id)
        return JudgedForm(found, questions, _danger(category, answers), bool(parts))

    async def judge_if_possible(self, answers: Answers) -> JudgedForm:
        """The same for a page that is shown in any case: without faults and questions while the registers cannot be read."""
        try:
            return await self.judge(answers)
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
    """The answers after a step; a category chosen in the first two steps brings its group, and another one has other questions."""
    category = categories.category(form.category)
    if step in (PROBLEM, CATEGORY) and category is not None:
        answers = before.model_copy(update={"category": category.code, "group": category.kind.value})
    else:
        answers = form.answers(step.fields, before)
    return answers if answers.category == before.category else answers.model_copy(update={"given": None})


def _danger(category: Category | None, answers: Answers) -> str:
    if category is None:
        return ""
    if category.kind is Kind.DANGER:
        return category.diversion
    found = diverted(category, answers.draft().answers or ())
    return found[1] if found else ""
