"""The form of a report that staff make: for the household of another report, or for somebody at the listening point."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.households import CHANNEL
from intake.domain.categories import Kind
from intake.domain.draft_rules import Fault
from intake.domain.drafts import Contact, Draft
from intake.domain.place_tree import PlaceTree
from intake.domain.registers import Register
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from webkit.i18n import PUBLIC
from webkit.login import Visitor

FORM = "staff/household.html"
FIELDS = ("category", "place_id", "description", "name", "email", "phone", "language", "frailty", "send")
Options = list[tuple[str, list[tuple[str, str]]]]


class HouseholdForm(BaseModel):
    """The form; its id is the id of the report, and `da` the report of the same household."""

    command_id: UUID
    da: str = ""
    category: str = ""
    place_id: str = ""
    description: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "it"
    frailty: str = ""

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
        return await self._show(request, visitor, form, Refusals({}, status=200))

    async def register(self, request: Request, visitor: Visitor, form: HouseholdForm) -> Response:
        """Register the report and go to its receipt; or show the form again with its errors."""
        report_id, judged = str(form.command_id), await self._cases.submissions.judge(form.draft())
        if judged.faults:
            return await self._show(request, visitor, form, self._refusals(request, judged.faults))
        try:
            made = await self._cases.households.register(
                judged, report_id, reader_of(visitor), visitor.session
            )
        except Refused as refused:
            if refused.slug != "id-reused":
                raise
            fault = Fault(refused.slug, "send", "", "")
            form = form.model_copy(update={"command_id": UUID(self._desk.new_id())})
            return await self._show(request, visitor, form, self._refusals(request, (fault,)))
        place = f"{page_of(report_id)}/foglio"
        return self._desk.site.redirect(request, place, "report-made", made.known)

    def _refusals(self, request: Request, faults: Iterable[Fault]) -> Refusals:
        language, first = self._desk.site.language(request), dict[str, Fault]()
        for fault in faults:
            first.setdefault(fault.field.removeprefix("contact."), fault)
        errors = {name: language.label("desk-error", first[name].slug) for name in FIELDS if name in first}
        return Refusals(errors, any(fault.slug == "call-112" for fault in first.values()))

    async def _show(
        self, request: Request, visitor: Visitor, form: HouseholdForm, refusals: Refusals
    ) -> Response:
        registers, language = self._cases.registers, self._desk.site.language(request)
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
            categories=_categories(await registers.categories(), kinds),
            places=_places(await registers.places()),
            tongues=PUBLIC,
        )


def household_router(desk: Desk) -> APIRouter:
    """The routes of a report that staff make, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), HouseholdDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("/nuova")
    async def ask(request: Request, visitor: Annotated[Visitor, workers], da: UUID | None = None) -> Response:
        return await pages.ask(request, visitor, da)

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
        "name": draft.contact.name or "",
        "email": draft.contact.email or "",
        "phone": draft.contact.phone or "",
    }
    return form.model_copy(update=values)


def _categories(register: Register, kinds: Mapping[Kind, str]) -> Options:
    return [
        (label, [(one.code, one.label) for one in register.categories if one.kind is kind])
        for kind, label in kinds.items()
    ]


def _places(register: PlaceTree) -> Options:
    groups: dict[str, list[tuple[str, str]]] = {}
    for place in register.places:
        if not place.is_reportable:
            continue
        group = f"{place.neighbourhood_label} ({place.province_label})"
        groups.setdefault(group, []).append((place.id, place.label))
    return list(groups.items())
