"""The form of a report as staff fill it in: its fields, questions, dangers, places and errors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from intake.app.households import CHANNEL
from intake.app.use_cases import UseCases
from intake.domain.categories import Categories, Category, Diversion, Kind, Question
from intake.domain.category_search import find_diversions
from intake.domain.category_texts import CategoryWords
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Contact, Draft
from intake.domain.place_tree import PlaceTree
from intake.domain.questions import asked, diverted, only_asked
from intake.entrypoints.pages.place_choices import around, by_neighbourhood, flats_of
from intake.entrypoints.pages.question_fields import (
    PREFIX,
    Given,
    answers_of,
    field_name,
    question_fields,
    read_answers,
    shown_in,
)
from webkit.i18n import PUBLIC, Language
from webkit.site import Site

FIELDS = (
    "category",
    "place_id",
    "flat",
    "description",
    "name",
    "email",
    "phone",
    "language",
    "frailty",
    "send",
)
Options = list[tuple[str, list[tuple[str, str]]]]


class ReportForm(BaseModel):
    """What is typed into the form; each form that is sent has an id."""

    command_id: UUID
    category: str = ""
    place_id: str = ""
    luogo: str = ""
    flat: str = ""
    description: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "it"
    frailty: str = ""
    seen: str = ""

    def draft(self) -> Draft:
        """The draft of the domain."""
        contact = Contact(self.name, self.email, self.phone)
        return Draft(
            self.category,
            self.place_id,
            self.description,
            self.language,
            CHANNEL,
            contact=contact,
            frail=bool(self.frailty),
            flat=self.flat,
        )


@dataclass(frozen=True)
class Asked:
    """The answers to the questions that the form showed, the questions that are to be shown, and the dangers to call about."""

    category: Category | None = None
    place_kind: str = ""
    given: Given = field(default_factory=dict)
    shown: Sequence[str] = ()
    dangers: Sequence[Diversion] = ()

    @property
    def questions(self) -> Sequence[Question]:
        """The questions that these answers leave to be asked."""
        if self.category is None or not self.place_kind:
            return ()
        return asked(self.category, answers_of(self.given), self.place_kind)

    @property
    def has_new(self) -> bool:
        """Whether a question was not in the form."""
        return any(one.code not in self.shown for one in self.questions)

    @property
    def is_danger(self) -> bool:
        """Whether an answer tells of an immediate danger."""
        return self.category is not None and diverted(self.category, answers_of(self.given)) is not None

    def draft(self, draft: Draft) -> Draft:
        """The draft with its answers."""
        if self.category is None:
            return draft
        return replace(draft, answers=only_asked(self.category, answers_of(self.given), self.place_kind))


async def asked_in(
    request: Request, use_cases: UseCases, category_code: str, place_id: str, description: str
) -> Asked:
    """What a form with this category, place and description was asked, and what it is to be asked."""
    registers = use_cases.registers
    categories = await registers.categories()
    category, place = categories.category(category_code), (await registers.places()).place(place_id)
    typed = await request.form()
    return Asked(
        category,
        place.kind.value if place else "",
        read_answers(typed, category, {}) if category else {},
        shown_in(typed),
        find_diversions(categories, await registers.all_words(), description),
    )


@dataclass(frozen=True)
class Refusals:
    """The errors of a form in its order, and the status of its page."""

    errors: Mapping[str, str]
    is_danger: bool = False
    status: int = 422


def refusals_of(language: Language, faults: Iterable[Fault], found: Asked) -> Refusals:
    """The first fault of each field in words, in the order of the form."""
    first = dict[str, Fault]()
    for fault in faults:
        first.setdefault(field_name(fault.field.removeprefix("contact.")), fault)
    fields = (*FIELDS[:2], *(PREFIX + one.code for one in found.questions), *FIELDS[2:])
    errors = {name: language.label("desk-error", first[name].slug) for name in fields if name in first}
    return Refusals(errors, any(fault.slug == "call-112" for fault in first.values()))


def has_more_to_ask(form: ReportForm, found: Asked) -> bool:
    """Whether the form is shown again before it is sent: with new questions, or with dangers that nobody has seen."""
    return not found.is_danger and (found.has_new or (bool(found.dangers) and not form.seen))


async def form_values(
    site: Site, use_cases: UseCases, request: Request, form: ReportForm, refusals: Refusals, found: Asked
) -> Mapping[str, object]:
    """What the template of the form shows."""
    registers, language = use_cases.registers, site.language(request)
    words = await registers.words(language.code)
    kinds = {kind: language.label("category-group", kind.value) for kind in Kind}
    return {
        "form": form,
        "errors": refusals.errors,
        "is_danger": refusals.is_danger,
        "categories": category_options(await registers.categories(), words, kinds),
        "questions": question_fields(found.category, found.questions, found.given, words, language)
        if found.category
        else (),
        "has_new": found.has_new,
        "dangers": [(words.diversion(one), one.calls) for one in found.dangers],
        **_places(await registers.places(), form),
        "tongues": PUBLIC,
    }


def category_options(register: Categories, words: CategoryWords, kinds: Mapping[Kind, str]) -> Options:
    """The categories by kind, for a list to choose from."""
    return [
        (label, [(one.code, words.category(one)) for one in register.offered if one.kind is kind])
        for kind, label in kinds.items()
    ]


def _places(tree: PlaceTree, form: ReportForm) -> Mapping[str, object]:
    """The places that the form offers: the chosen one with its parts, and those that the words find."""
    chosen, hits = around(tree, form.place_id), tree.search(form.luogo)
    others = by_neighbourhood(one for one in hits.places if one not in chosen)
    return {"chosen": chosen, "others": others, "has_more": hits.more, "flats": flats_of(tree, form.place_id)}
