"""The answers to a category's questions: which questions are asked, which answers are accepted, and what they change."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from intake.domain.categories import (
    CHOICES,
    RANK,
    AnswerType,
    Category,
    Condition,
    Consequence,
    Question,
    Urgency,
)

MOST_CHARACTERS = 200
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True)
class Answer:
    """The answer to a question: `yes` or `no`, codes of options, a whole number, a day as YYYY-MM-DD, or a short text."""

    question: str
    values: tuple[str, ...]


Answers = tuple[Answer, ...]


@dataclass(frozen=True)
class AnswerFault:
    """A violated rule of one question: the code of the rule, the question, the problem and an accepted form."""

    slug: str
    question: str
    detail: str
    fix: str


def asked(category: Category, answers: Answers, place_kind: str) -> tuple[Question, ...]:
    """The questions that are asked after these answers at a place of this kind, in their order."""
    given = _by_question(answers)
    found: dict[str, Question] = {}
    for question in category.questions:
        if _holds(question.only_if, given, found, place_kind):
            found[question.code] = question
    return tuple(found.values())


def only_asked(category: Category, answers: Answers, place_kind: str) -> Answers:
    """The answers to questions that are asked, in the order of the questions."""
    given = _by_question(answers)
    return tuple(given[one.code] for one in asked(category, answers, place_kind) if one.code in given)


def tidy_answers(answers: Sequence[Answer]) -> Answers:
    """The answers without blanks around their values and without empty ones, each with its values in alphabetical order."""
    trimmed = [
        Answer(one.question.strip(), tuple(" ".join(v.split()) for v in one.values)) for one in answers
    ]
    kept = [Answer(one.question, tuple(sorted({v for v in one.values if v}))) for one in trimmed]
    return tuple(sorted((one for one in kept if one.values), key=lambda one: one.question))


def answer_faults(category: Category, answers: Answers, place_kind: str) -> tuple[AnswerFault, ...]:
    """The faults of tidied answers, in the order of the questions; then the answers to what was not asked."""
    given = _by_question(answers)
    questions = asked(category, answers, place_kind)
    faults = [_fault(question, given.get(question.code)) for question in questions]
    open_codes = {question.code for question in questions}
    faults += [_not_asked(category, one) for one in answers if one.question not in open_codes]
    return tuple(fault for fault in faults if fault is not None)


def raised_to(category: Category, answers: Answers) -> Urgency | None:
    """The most urgent class that an answer raises the report to, or None."""
    found = [one.urgency for _, one in _consequences(category, answers) if one.urgency is not None]
    return max(found, key=RANK.__getitem__, default=None)


def diverted(category: Category, answers: Answers) -> tuple[str, str] | None:
    """The first question whose answer tells of a danger, with the code of the danger; or None."""
    return next(
        ((code, one.diversion) for code, one in _consequences(category, answers) if one.diversion), None
    )


def _consequences(category: Category, answers: Answers) -> Iterator[tuple[str, Consequence]]:
    given = _by_question(answers)
    for question in category.questions:
        answer = given.get(question.code)
        if answer is not None:
            yield from (
                (question.code, one) for one in question.raises if set(one.answers) & set(answer.values)
            )


def _by_question(answers: Answers) -> Mapping[str, Answer]:
    return {one.question: one for one in answers}


def _holds(
    condition: Condition, given: Mapping[str, Answer], before: Mapping[str, Question], place_kind: str
) -> bool:
    if condition.places and place_kind not in condition.places:
        return False
    if not condition.question:
        return True
    answer = given.get(condition.question)
    is_asked = condition.question in before and answer is not None
    return is_asked and answer is not None and not set(condition.answers).isdisjoint(answer.values)


def _fault(question: Question, answer: Answer | None) -> AnswerFault | None:
    if answer is None:
        return (
            _of(question, "question-unanswered", "The question has no answer.", "Answer it.")
            if question.required
            else None
        )
    if question.type is not AnswerType.SEVERAL_OF and len(answer.values) > 1:
        return _of(question, "answer-not-one", "The question has several answers.", "Give one.")
    if question.type in CHOICES:
        return _choice_fault(question, answer)
    return _RULES[question.type](question, answer.values[0])


def _choice_fault(question: Question, answer: Answer) -> AnswerFault | None:
    if set(answer.values) <= set(question.choices):
        return None
    return _of(
        question,
        "answer-unknown",
        "There is no such answer to this question.",
        f"Use {', '.join(question.choices)}, as in GET /v1/categories.",
    )


def _number_fault(question: Question, value: str) -> AnswerFault | None:
    if (
        value.isascii()
        and value.isdigit()
        and len(value) <= 9
        and question.least <= int(value) <= question.most
    ):
        return None
    fix = f"Write a whole number from {question.least} to {question.most}."
    return _of(question, "answer-not-a-number", "This is not a number that the question accepts.", fix)


def _date_fault(question: Question, value: str) -> AnswerFault | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if len(value) == len("YYYY-MM-DD") and FIRST_DAY <= day <= LAST_DAY:
        return None
    fix = f"Write it as YYYY-MM-DD, from {FIRST_DAY} to {LAST_DAY}."
    return _of(question, "answer-not-a-date", "This is not a day.", fix)


def _text_fault(question: Question, value: str) -> AnswerFault | None:
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in value):
        return _of(
            question, "answer-unreadable", "The answer cannot be stored.", "Send it as UTF-8 on one line."
        )
    if len(value) > MOST_CHARACTERS:
        fix = f"Use at most {MOST_CHARACTERS} characters."
        return _of(question, "answer-too-long", "The answer is too long.", fix)
    return None


_RULES = {AnswerType.NUMBER: _number_fault, AnswerType.DATE: _date_fault, AnswerType.TEXT: _text_fault}


def _not_asked(category: Category, answer: Answer) -> AnswerFault:
    if category.question(answer.question) is None:
        detail = "The category has no such question (any more)."
        return AnswerFault("unknown-question", answer.question, detail, "Use those of GET /v1/categories.")
    detail = "This question is not asked after the other answers, or at this place."
    return AnswerFault("answer-not-asked", answer.question, detail, "Leave the answer out.")


def _of(question: Question, slug: str, detail: str, fix: str) -> AnswerFault:
    return AnswerFault(slug, question.code, detail, fix)
