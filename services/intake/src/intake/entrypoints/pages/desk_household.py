"""The form of a report that staff make: for the household of another report, or for somebody at the listening point."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.households import CHANNEL
from intake.app.use_cases import UseCases
from intake.domain.categories import Categories, Category, Diversion, Kind, Question
from intake.domain.category_search import find_diversions
from intake.domain.category_texts import CategoryWords
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Contact, Draft
from intake.domain.place_tree import PlaceTree
from intake.domain.questions import asked, diverted, only_asked
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
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
from webkit.i18n import PUBLIC
from webkit.login import Visitor

FORM = "staff/household.html"
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


class HouseholdForm(BaseModel):
    """The form; its id is the id of the report, and `da` the report of the same household."""

    command_id: UUID
    da: str = ""
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


class HouseholdDesk:
    """Shows the form of a report and registers it."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def ask(self, request: Request, visitor: Visitor, from_report: UUID | None) -> Response:
        """The form; with place, contact and language of a report of the same household."""
        form = HouseholdForm(command_id=UUID(self._desk.new_id()))
        if from_report is not None:
            draft = await self._cases.households.prefill(str(from_report), reader_of(visitor))
            form = _filled(form, str(from_report), draft)
        found = await self._asked(request, form)
        return await self._show(request, visitor, form, Refusals({}, status=200), found)

    async def find_place(self, request: Request, visitor: Visitor, form: HouseholdForm) -> Response:
        """The form as it was typed, with the places that its words find and the parts of the place chosen."""
        found = await asked_in(request, self._cases, form.category, form.place_id, form.description)
        return await self._show(request, visitor, form, Refusals({}, status=200), found)

    async def register(self, request: Request, visitor: Visitor, form: HouseholdForm) -> Response:
        """Register the report and go to its receipt; or show the form again with its errors, new questions or dangers."""
        report_id, found = str(form.command_id), await self._asked(request, form)
        judged = await self._cases.submissions.judge(found.draft(form.draft()))
        if not found.is_danger and (found.has_new or (found.dangers and not form.seen)):
            return await self._show(request, visitor, form, Refusals({}, status=200), found)
        if judged.faults:
            refusals = self._refusals(request, judged.faults, found)
            return await self._show(request, visitor, form, refusals, found)
        try:
            made = await self._cases.households.register(
                judged, report_id, reader_of(visitor), visitor.session
            )
        except Refused as refused:
            if refused.slug != "id-reused":
                raise
            fault = Fault(refused.slug, "send", "", "")
            form = form.model_copy(update={"command_id": UUID(self._desk.new_id())})
            return await self._show(request, visitor, form, self._refusals(request, (fault,), found), found)
        place = f"{page_of(report_id)}/foglio"
        return self._desk.site.redirect(request, place, "report-made", made.known)

    async def _asked(self, request: Request, form: HouseholdForm) -> Asked:
        return await asked_in(request, self._cases, form.category, form.place_id, form.description)

    def _refusals(self, request: Request, faults: Iterable[Fault], found: Asked) -> Refusals:
        language, first = self._desk.site.language(request), dict[str, Fault]()
        for fault in faults:
            first.setdefault(field_name(fault.field.removeprefix("contact.")), fault)
        fields = (*FIELDS[:2], *(PREFIX + one.code for one in found.questions), *FIELDS[2:])
        errors = {name: language.label("desk-error", first[name].slug) for name in fields if name in first}
        return Refusals(errors, any(fault.slug == "call-112" for fault in first.values()))

    async def _show(
        self, request: Request, visitor: Visitor, form: HouseholdForm, refusals: Refusals, found: Asked
    ) -> Response:
        registers, language = self._cases.registers, self._desk.site.language(request)
        words = await registers.words(language.code)
        kinds = {kind: language.label("category-group", kind.value) for kind in Kind}
        return self._desk.site.page(
            request,
            FORM,
            refusals.status,
            reader=visitor,
            crumbs=self._desk.crumbs(request),
            form=form,
            errors=refusals.errors,
            is_danger=refusals.is_danger,
            categories=category_options(await registers.categories(), words, kinds),
            questions=question_fields(found.category, found.questions, found.given, words, language)
            if found.category
            else (),
            has_new=found.has_new,
            dangers=[(words.diversion(one), one.calls) for one in found.dangers],
            **_places(await registers.places(), form),
            tongues=PUBLIC,
        )


def household_router(desk: Desk) -> APIRouter:
    """The routes of a report that staff make, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), HouseholdDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("/nuova")
    async def ask(request: Request, visitor: Annotated[Visitor, workers], da: UUID | None = None) -> Response:
        return await pages.ask(request, visitor, da)

    @router.post("/nuova/luogo")
    async def find_place(
        request: Request, visitor: Annotated[Visitor, workers], form: Annotated[HouseholdForm, Form()]
    ) -> Response:
        return await pages.find_place(request, visitor, form)

    @router.post("/nuova")
    async def register(
        request: Request, visitor: Annotated[Visitor, workers], form: Annotated[HouseholdForm, Form()]
    ) -> Response:
        return await pages.register(request, visitor, form)

    return router


def _filled(form: HouseholdForm, from_report: str, draft: Draft) -> HouseholdForm:
    values = {
        "da": from_report,
        "place_id": draft.place_id,
        "language": draft.language,
        "frailty": "yes" if draft.frail else "",
        "flat": draft.flat or "",
        "name": draft.contact.name or "",
        "email": draft.contact.email or "",
        "phone": draft.contact.phone or "",
    }
    return form.model_copy(update=values)


def category_options(register: Categories, words: CategoryWords, kinds: Mapping[Kind, str]) -> Options:
    """The categories by kind, for a list to choose from."""
    return [
        (label, [(one.code, words.category(one)) for one in register.offered if one.kind is kind])
        for kind, label in kinds.items()
    ]


def _places(tree: PlaceTree, form: HouseholdForm) -> Mapping[str, object]:
    """The places that the form offers: the chosen one with its parts, and those that the words find."""
    chosen, hits = around(tree, form.place_id), tree.search(form.luogo)
    others = by_neighbourhood(one for one in hits.places if one not in chosen)
    return {"chosen": chosen, "others": others, "has_more": hits.more, "flats": flats_of(tree, form.place_id)}
