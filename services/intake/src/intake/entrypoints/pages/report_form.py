"""The form of a report: its answers, its steps, and the step that each fault belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from intake.app.uploads import Upload
from intake.domain.categories import Categories, Kind
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Contact, Draft
from intake.entrypoints.pages.question_fields import Given, answers_of, field_name


@dataclass(frozen=True)
class FormStep:
    """One page of the form; `number` counts the steps that the reader is told."""

    code: str
    number: int
    fields: tuple[str, ...]


PROBLEM = FormStep("problema", 1, ("group",))
CATEGORY = FormStep("categoria", 1, ("category",))
PLACE = FormStep("luogo", 2, ("place_id", "search"))
POINT = FormStep("punto", 2, ("flat",))
QUESTIONS = FormStep("domande", 3, ())
TEXT = FormStep("testo", 3, ("description", "frailty"))
CONTACT = FormStep("recapiti", 4, ("name", "email", "phone", "language"))
SAME = FormStep("gia-segnalato", 5, ())
SUMMARY = FormStep("riepilogo", 5, ())
STEPS = (PROBLEM, CATEGORY, PLACE, POINT, QUESTIONS, TEXT, CONTACT, SAME, SUMMARY)
BY_CODE = {step.code: step for step in STEPS}


class TypedFields(BaseModel):
    """The fields of the form; an empty one is an empty string."""

    group: str = ""
    category: str = ""
    place_id: str = ""
    search: str = ""
    flat: str = ""
    description: str = ""
    frailty: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""


class Answers(TypedFields):
    """What the reader has answered; `given` are the answers to the category's questions, None before that step.

    `joins` is the earlier report about the same problem, empty when there is none, and None while nobody was asked.
    """

    given: Given | None = None
    joins: str | None = None

    def draft(self) -> Draft:
        """The draft of the domain."""
        return Draft(
            category=self.category,
            place_id=self.place_id,
            description=self.description,
            language=self.language or "it",
            contact=Contact(self.name, self.email, self.phone),
            frail=bool(self.frailty),
            answers=None if self.given is None else answers_of(self.given),
            flat=self.flat,
        )


class ReportForm(TypedFields):
    """One page of the form as a browser sends it, or all of it at once.

    `place_list` is a neighbourhood chosen from the list of all, `within` a part of the place chosen before, `joins` the report
    that the reader joins, and `da` says that the reader came from the summary.
    """

    report_id: str = ""
    place_list: str = ""
    within: str = ""
    joins: str = ""
    da: str = ""
    seal: str = ""

    def own_id(self) -> str | None:
        """The id of the form, or None when it is not one that the service generated (a UUIDv7)."""
        try:
            given = UUID(self.report_id)
        except ValueError:
            return None
        return str(given) if given.version == 7 else None

    def answers(self, fields: Sequence[str], before: Answers) -> Answers:
        """The answers before, with those of these fields from this form."""
        given = {name: getattr(self, name) for name in fields}
        if "place_id" in given:
            given["place_id"] = self.place_list or self.place_id
        elif "flat" in given and self.within:
            given["place_id"] = self.within
        if given.get("place_id", before.place_id) != before.place_id:
            given["flat"] = self.flat if "place_id" in fields and "flat" in fields else ""
        return before.model_copy(update=given)


class FormState(BaseModel):
    """The form between two pages: `report_id` is the report that it will be, `wrong` the step that shows its faults.

    `refused` is the slug of a fault of the whole form; `photos` are stored and belong to no report yet, and `photo_faults` say of
    files by name why they are not among them.
    """

    report_id: str
    answers: Answers = Answers()
    wrong: str = ""
    refused: str = ""
    photos: tuple[Upload, ...] = ()
    photo_faults: tuple[tuple[str, str], ...] = ()


def in_group(answers: Answers, categories: Categories) -> Answers:
    """The answers with the group of their category; a category of another group is no answer."""
    category = categories.category(answers.category)
    if category is None:
        return answers
    if not answers.group:
        return answers.model_copy(update={"group": category.kind.value})
    return answers if category.kind == answers.group else answers.model_copy(update={"category": ""})


def group_faults(answers: Answers) -> tuple[Fault, ...]:
    """The fault of a form without a group of categories."""
    if answers.group in {kind.value for kind in Kind}:
        return ()
    return (Fault("group-missing", "group", "", ""),)


def step_of(fault: Fault) -> FormStep:
    """The step that shows this fault; a fault of no field belongs to the summary."""
    name = field_of(fault)
    if fault.field.startswith("answers"):
        return QUESTIONS
    if fault.field == "joins":
        return SAME
    return next((step for step in STEPS if name in step.fields), SUMMARY)


def field_of(fault: Fault) -> str:
    """The field of the form that a fault belongs to."""
    return field_name(fault.field.removeprefix("contact."))
