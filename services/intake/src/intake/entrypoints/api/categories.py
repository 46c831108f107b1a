"""The tree of categories as programs read it: with its questions and dangers, in the language of the request."""

from pydantic import BaseModel

from intake.domain.categories import Categories, Category, Condition, Consequence, Diversion, Group, Question
from intake.domain.category_texts import CategoryWords


class OptionOut(BaseModel):
    """One of the answers to choose from."""

    code: str
    label: str


class ConditionOut(BaseModel):
    """The question is asked after one of these answers to another, and at these kinds of place; empty when it does not matter."""

    question: str
    answers: tuple[str, ...]
    places: tuple[str, ...]


class ConsequenceOut(BaseModel):
    """After one of these answers the report has at least this class; or nothing is registered, and one of `diversions` tells whom to call."""

    answers: tuple[str, ...]
    urgency: str | None
    diversion: str


class QuestionOut(BaseModel):
    """A question; `least` and `most` bound a number, and an answer of type text has at most 200 characters."""

    code: str
    label: str
    hint: str
    type: str
    required: bool
    options: tuple[OptionOut, ...]
    least: int
    most: int
    only_if: ConditionOut
    raises: tuple[ConsequenceOut, ...]


class CategoryOut(BaseModel):
    """A category; `path` leads to it from its kind through groups, and `examples` is an older name of `keywords`."""

    code: str
    label: str
    kind: str
    urgency: str
    path: tuple[str, ...]
    visibility: str
    keywords: tuple[str, ...]
    examples: tuple[str, ...]
    questions: tuple[QuestionOut, ...]
    diversion: str
    assets: tuple[str, ...]


class GroupOut(BaseModel):
    """A branch of the tree."""

    code: str
    label: str
    kind: str
    under: str


class DiversionOut(BaseModel):
    """A danger: whom to call (112, 115, or the lifts' call centre), and the words in a text that tell of it."""

    code: str
    label: str
    calls: tuple[str, ...]
    keywords: tuple[str, ...]


class CategoryTree(BaseModel):
    """The categories that a new report can have; `code` is the `category` of a report."""

    version: str
    language: str
    groups: tuple[GroupOut, ...]
    diversions: tuple[DiversionOut, ...]
    categories: tuple[CategoryOut, ...]


def category_tree(categories: Categories, words: CategoryWords, language: str) -> CategoryTree:
    """The tree in this language."""
    return CategoryTree(
        version=categories.version,
        language=language,
        groups=tuple(_group(one, words) for one in categories.groups),
        diversions=tuple(_diversion(one, words) for one in categories.diversions),
        categories=tuple(_category(one, words) for one in categories.offered),
    )


def _group(group: Group, words: CategoryWords) -> GroupOut:
    return GroupOut(code=group.code, label=words.group(group), kind=group.kind, under=group.under)


def _diversion(danger: Diversion, words: CategoryWords) -> DiversionOut:
    keywords = words.keywords(danger)
    return DiversionOut(
        code=danger.code, label=words.diversion(danger), calls=danger.calls, keywords=keywords
    )


def _category(category: Category, words: CategoryWords) -> CategoryOut:
    keywords = words.keywords(category)
    return CategoryOut(
        code=category.code,
        label=words.category(category),
        kind=category.kind,
        urgency=category.urgency,
        path=category.path,
        visibility=category.visibility,
        keywords=keywords,
        examples=keywords,
        questions=tuple(_question(category, one, words) for one in category.questions),
        diversion=category.diversion,
        assets=category.assets,
    )


def _question(category: Category, question: Question, words: CategoryWords) -> QuestionOut:
    options = words.options(category, question)
    return QuestionOut(
        code=question.code,
        label=words.question(category, question),
        hint=words.hint(category, question),
        type=question.type,
        required=question.required,
        options=tuple(OptionOut(code=code, label=label) for code, label in options),
        least=question.least,
        most=question.most,
        only_if=_condition(question.only_if),
        raises=tuple(_consequence(one) for one in question.raises),
    )


def _condition(one: Condition) -> ConditionOut:
    return ConditionOut(question=one.question, answers=one.answers, places=one.places)


def _consequence(one: Consequence) -> ConsequenceOut:
    return ConsequenceOut(answers=one.answers, urgency=one.urgency, diversion=one.diversion)
