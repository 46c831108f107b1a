"""The questions of a category as fields of a form, and their answers in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi.datastructures import FormData

from intake.domain.categories import CHOICES, AnswerType, Category, Question
from intake.domain.category_texts import CategoryWords
from intake.domain.questions import Answer, Answers
from webkit.i18n import Language
from webkit.i18n.formats import listed, short_date

PREFIX = "q-"
SHOWN = "asked"
_FAULT = "answers."
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)

Given = dict[str, list[str]]


@dataclass(frozen=True)
class QuestionField:
    """One question in a form: its options with their labels, and what was answered or typed."""

    name: str
    code: str
    type: AnswerType
    label: str
    hint: str
    required: bool
    options: Sequence[tuple[str, str]]
    values: Sequence[str]

    @property
    def value(self) -> str:
        """The only answer, or nothing."""
        return self.values[0] if self.values else ""


def field_name(fault_field: str) -> str:
    """The field of the form that a fault of an answer belongs to; that of any other fault is its own."""
    return f"{PREFIX}{fault_field.removeprefix(_FAULT)}" if fault_field.startswith(_FAULT) else fault_field


def read_answers(form: FormData, category: Category, before: Mapping[str, Sequence[str]]) -> Given:
    """The answers before, with those of the questions that the form showed; a day as YYYY-MM-DD where it is one."""
    given = {code: list(values) for code, values in before.items()}
    for question in category.questions:
        if question.code in shown_in(form):
            typed = [one for one in form.getlist(PREFIX + question.code) if isinstance(one, str)]
            given[question.code] = [_stored(question, one) for one in typed if one.strip()]
    return given


def shown_in(form: FormData) -> Sequence[str]:
    """The codes of the questions that the form showed."""
    shown = form.get(SHOWN)
    return shown.split() if isinstance(shown, str) else ()


def answers_of(given: Mapping[str, Sequence[str]]) -> Answers:
    """The answers of the domain."""
    return tuple(Answer(code, tuple(values)) for code, values in given.items() if values)


def question_fields(
    category: Category,
    asked: Sequence[Question],
    given: Mapping[str, Sequence[str]],
    words: CategoryWords,
    language: Language,
) -> Sequence[QuestionField]:
    """The fields of these questions, in the language of the reader."""
    return [
        QuestionField(
            name=PREFIX + one.code,
            code=one.code,
            type=one.type,
            label=words.question(category, one),
            hint=words.hint(category, one),
            required=one.required,
            options=_options(category, one, words, language),
            values=[_typed(one, value) for value in given.get(one.code, ())],
        )
        for one in asked
    ]


def answers_in_words(
    category: Category | None, answers: Answers, words: CategoryWords, language: Language
) -> Sequence[tuple[str, str]]:
    """Each answered question with its answer; the codes of a question that is no longer asked."""
    found = []
    for answer in answers:
        question = category.question(answer.question) if category else None
        if category is None or question is None:
            found.append((answer.question, ", ".join(answer.values)))
            continue
        labels = dict(_options(category, question, words, language))
        texts = [labels.get(value, _in_language(question, value, language)) for value in answer.values]
        found.append((words.question(category, question), listed(texts, language)))
    return found


def _options(
    category: Category, question: Question, words: CategoryWords, language: Language
) -> Sequence[tuple[str, str]]:
    if question.type is AnswerType.YES_NO:
        return [(code, language.label("answer", code)) for code in question.choices]
    return words.options(category, question) if question.type in CHOICES else ()


def _stored(question: Question, typed: str) -> str:
    """A typed day as YYYY-MM-DD; everything else, and what is no day, as it was typed."""
    found = _DAY.fullmatch(typed.strip()) if question.type is AnswerType.DATE else None
    if found is None:
        return typed
    day, month, year = map(int, found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return typed


def _typed(question: Question, stored: str) -> str:
    day = _day(stored) if question.type is AnswerType.DATE else None
    return stored if day is None else f"{day:%d/%m/%Y}"


def _in_language(question: Question, value: str, language: Language) -> str:
    day = _day(value) if question.type is AnswerType.DATE else None
    return value if day is None else short_date(day, language)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
