"""The categories of reports: what a report is about, what is asked about it, who handles it and how soon."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """The kind of help that a category needs."""

    TECHNICAL = "technical"
    ADMINISTRATIVE = "administrative"
    SOCIAL = "social"
    CONTRIBUTION = "contribution"
    DANGER = "danger"


class Urgency(StrEnum):
    """The urgency class: danger, emergency, urgent, ordinary, procedure, social follow-up."""

    E0 = "e0"
    E1 = "e1"
    U = "u"
    N = "n"
    A = "a"
    S = "s"


class Visibility(StrEnum):
    """Whether a report of the category may be shown to the public after its review."""

    PUBLIC = "public"
    PRIVATE = "private"


class AnswerType(StrEnum):
    """The type of the answer to a question."""

    YES_NO = "yes-no"
    ONE_OF = "one-of"
    SEVERAL_OF = "several-of"
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


YES, NO = "yes", "no"
CHOICES = frozenset({AnswerType.YES_NO, AnswerType.ONE_OF, AnswerType.SEVERAL_OF})
_RAISED = {Urgency.N: Urgency.U, Urgency.U: Urgency.E1}
# From the least to the most urgent; a procedure and a social follow-up have times of their own.
RANK = {Urgency.A: 0, Urgency.S: 0, Urgency.N: 1, Urgency.U: 2, Urgency.E1: 3, Urgency.E0: 4}


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from."""

    code: str
    label: str


@dataclass(frozen=True)
class Condition:
    """When a question is asked: after one of these answers to an earlier question, and at these kinds of place.

    An empty condition always holds.
    """

    question: str = ""
    answers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consequence:
    """What one of these answers does: it raises the urgency to a class, or diverts the report to those who help at once."""

    answers: tuple[str, ...]
    urgency: Urgency | None = None
    diversion: str = ""


@dataclass(frozen=True)
class Question:
    """A question of a category; `least` and `most` bound a number."""

    code: str
    label: str
    type: AnswerType
    hint: str = ""
    required: bool = False
    options: tuple[Option, ...] = ()
    least: int = 0
    most: int = 1_000_000
    only_if: Condition = field(default_factory=Condition)
    raises: tuple[Consequence, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The codes of the answers to choose from; none for a number, a date and a text."""
        return (YES, NO) if self.type is AnswerType.YES_NO else tuple(option.code for option in self.options)


@dataclass(frozen=True)
class Group:
    """A branch of the tree: below a kind, or below another group of that kind."""

    code: str
    label: str
    kind: Kind
    under: str = ""


@dataclass(frozen=True)
class Diversion:
    """A danger: whom to call (`112`, `115`, `lift` for the lifts' call centre), and the words that tell of it."""

    code: str
    label: str
    calls: tuple[str, ...]
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Category:
    """One category: its labels and keywords are Italian, `path` leads from its kind to its group.

    A closed category is not offered any more; the reports that have it keep it.
    """

    code: str
    label: str
    kind: Kind
    urgency: Urgency
    path: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PRIVATE
    keywords: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    diversion: str = ""
    assets: tuple[str, ...] = ()
    closed: bool = False

    @property
    def is_sensitive(self) -> bool:
        """Whether the label tells about health or family life, so that no subject line or locked screen may show it."""
        return self.kind is Kind.SOCIAL

    @property
    def is_public(self) -> bool:
        """Whether its reports may be shown to the public: technical ones in common areas only."""
        return self.visibility is Visibility.PUBLIC

    def question(self, code: str) -> Question | None:
        """The question with this code, or None."""
        return next((one for one in self.questions if one.code == code), None)


@dataclass(frozen=True)
class Categories:
    """The tree of categories that the agency edits, with the version of the file that it was read from."""

    version: str
    categories: tuple[Category, ...]
    groups: tuple[Group, ...] = ()
    diversions: tuple[Diversion, ...] = ()
    revision: int = 0
    name: str = "categories"

    @cached_property
    def _by_code(self) -> dict[str, Category]:
        return {one.code: one for one in self.categories}

    def category(self, code: str) -> Category | None:
        """The category with this code, closed or not; or None."""
        return self._by_code.get(code)

    @property
    def offered(self) -> tuple[Category, ...]:
        """The categories that a new report can have."""
        return tuple(one for one in self.categories if not one.closed)

    def diversion(self, code: str) -> Diversion | None:
        """The danger with this code, or None."""
        return next((one for one in self.diversions if one.code == code), None)

    def group(self, code: str) -> Group | None:
        """The group with this code, or None."""
        return next((one for one in self.groups if one.code == code), None)


def class_of(category: Category, frail: bool, raised: Urgency | None = None) -> Urgency:
    """The urgency class of a report: `raised` by an answer, then a frail person in the home raises n to u, and u to e1."""
    urgency = category.urgency if raised is None else max(category.urgency, raised, key=RANK.__getitem__)
    return _RAISED.get(urgency, urgency) if frail else urgency
