"""What categories.yaml must satisfy beyond the types of its fields; every mistake has its line and its fix."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from chassis.seed import Fault, KeyPath, SeedFile, each, loose, twice
from intake.domain.categories import CHOICES, NO, RANK, YES, AnswerType, Kind, Urgency, Visibility

if TYPE_CHECKING:
    from intake.adapters.category_files import CategoryFile

_LISTS = (AnswerType.ONE_OF, AnswerType.SEVERAL_OF)


def category_faults(file: SeedFile, rows: "CategoryFile") -> Iterator[Fault]:
    """Every mistake in the groups, the dangers, the categories and their questions."""
    yield from _codes(file, ("groups",), rows.groups)
    yield from _codes(file, ("diversions",), rows.diversions)
    yield from _codes(file, ("categories",), rows.categories)
    yield from _group_faults(file, rows)
    for number, danger in enumerate(rows.diversions):
        if set(danger.calls) == {"lift"}:
            yield file.fault(("diversions", number, "calls"), "write 112 or 115 too: nobody may answer there")
    dangers = [one.code for one in rows.diversions]
    for number, row in enumerate(rows.categories):
        yield from _category_faults(file, ("categories", number), row, dangers)


def _codes(file: SeedFile, place: KeyPath, rows: Iterable[Any]) -> Iterator[Fault]:
    """Codes are unique, and have no dot: it separates the codes in the paths of texts."""
    codes = [((*place, number, "code"), row.code) for number, row in enumerate(rows)]
    yield from twice(file, codes)
    for at, code in codes:
        if "." in code:
            yield file.fault(at, "write it without a dot")


def _group_faults(file: SeedFile, rows: "CategoryFile") -> Iterator[Fault]:
    """A group is below one that is written before it, of the same kind; a category's group has its kind."""
    kinds: dict[str, Kind] = {}
    for number, group in enumerate(rows.groups):
        if group.under is not None and kinds.get(group.under) is not group.kind:
            yield file.fault(
                ("groups", number, "under"), _name_one(kinds, group.kind, " that is written above")
            )
        kinds.setdefault(group.code, group.kind)
    for number, row in enumerate(rows.categories):
        if kinds.get(row.group) is not row.kind:
            yield file.fault(("categories", number, "group"), _name_one(kinds, row.kind))


def _name_one(kinds: dict[str, Kind], kind: Kind, more: str = "") -> str:
    names = ", ".join(code for code, of in kinds.items() if of is kind) or "none yet"
    return f"write a group of the kind {kind.value}{more}: {names}"


def _category_faults(file: SeedFile, at: KeyPath, row: Any, dangers: list[str]) -> Iterator[Fault]:
    if (row.kind is Kind.DANGER) is not (row.urgency is Urgency.E0):
        yield file.fault((*at, "urgency"), "write e0 for the kind danger, and e0 for no other kind")
    if (row.kind is Kind.DANGER) is not (row.diversion is not None):
        yield file.fault((*at, "diversion"), "write a diversion for the kind danger, and for no other kind")
    if row.visibility is Visibility.PUBLIC and row.kind is not Kind.TECHNICAL:
        yield file.fault((*at, "visibility"), "write private: only technical categories can be public")
    if row.diversion is not None:
        yield from loose(file, [((*at, "diversion"), row.diversion)], dangers)
    place = (*at, "questions")
    yield from _codes(file, place, row.questions)
    before: dict[str, Any] = {}
    for number, question in enumerate(row.questions):
        yield from _question_faults(file, (*place, number), question)
        yield from _condition_faults(file, (*place, number, "only_if"), question.only_if, before)
        yield from _consequence_faults(file, (*place, number, "raises"), question, row.urgency, dangers)
        before[question.code] = question


def _question_faults(file: SeedFile, at: KeyPath, question: Any) -> Iterator[Fault]:
    has_list = question.type in _LISTS
    if has_list and len(question.options) < 2:
        yield file.fault((*at, "options"), f"write at least two options for the type {question.type.value}")
    if not has_list and question.options:
        yield file.fault((*at, "options"), f"remove them: the type {question.type.value} has none")
    yield from _codes(file, (*at, "options"), question.options)
    bounds = {"least", "most"} & question.model_fields_set
    if bounds and question.type is not AnswerType.NUMBER:
        yield file.fault((*at, min(bounds)), "remove it: only a number has bounds")
    if question.least > question.most:
        yield file.fault((*at, "least"), f"write at most {question.most}, the largest answer")


def _condition_faults(file: SeedFile, at: KeyPath, condition: Any, before: dict[str, Any]) -> Iterator[Fault]:
    """A condition names a question above its own, so that no two questions wait for each other."""
    if condition is None:
        return
    if condition.question is None:
        if condition.answers is not None or condition.places is None:
            yield file.fault(at, "write question and answers, or places, or all of them")
        return
    asked = before.get(condition.question)
    if asked is None or asked.type not in CHOICES:
        names = ", ".join(code for code, one in before.items() if one.type in CHOICES) or "none"
        fix = f"write the code of a question with answers to choose from, above this one: {names}"
        yield file.fault((*at, "question"), fix)
    elif condition.answers is None:
        yield file.fault((*at, "answers"), "is missing; write it")
    else:
        yield from loose(file, each((*at, "answers"), condition.answers), _choices(asked))


def _consequence_faults(
    file: SeedFile, at: KeyPath, question: Any, urgency: Urgency, dangers: list[str]
) -> Iterator[Fault]:
    if question.raises and question.type not in CHOICES:
        yield file.fault(at, f"remove it: an answer of the type {question.type.value} raises nothing")
        return
    for number, one in enumerate(question.raises):
        here = (*at, number)
        yield from loose(file, each((*here, "answers"), one.answers), _choices(question))
        if (one.urgency is None) is (one.diversion is None):
            yield file.fault(here, "write an urgency or a diversion")
        if one.diversion is not None:
            yield from loose(file, [((*here, "diversion"), one.diversion)], dangers)
        if one.urgency is not None and not RANK[urgency] < RANK[one.urgency] < RANK[Urgency.E0]:
            fix = (
                f"write a class above {urgency.value}, at most e1; for an immediate danger write a diversion"
            )
            yield file.fault((*here, "urgency"), fix)


def _choices(question: Any) -> tuple[str, ...]:
    if question.type is AnswerType.YES_NO:
        return (YES, NO)
    return tuple(option.code for option in question.options)
