"""The correction of a report by the desk: what it is about, where, what was written, and the contact."""

from dataclasses import dataclass, field, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from chassis.errors import Refused
from intake.app.contents import FullReport
from intake.app.corrections import NewCorrection
from intake.domain.corrections import CorrectionReason
from intake.entrypoints.pages.desk_form import (
    Asked,
    Refusals,
    ReportForm,
    asked_in,
    form_values,
    refusals_of,
)
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from webkit.login import Visitor

PAGE = "staff/correction.html"
# What the form says itself, because something else can be typed, chosen or done.
_TOLD = frozenset(
    {"reason-missing", "nothing-changed", "report-merged", "report-ended", "too-many-corrections"}
)


class CorrectionForm(ReportForm):
    """The form; `versione` is the number of corrections when it was shown."""

    versione: int = 0
    motivo: str = ""


@dataclass(frozen=True)
class Typed:
    """A form after it was sent, and why it was refused; `is_conflict` when somebody corrected the report meanwhile."""

    form: CorrectionForm
    found: Asked
    refusals: Refusals = field(default_factory=lambda: Refusals({}, status=200))
    is_conflict: bool = False


class CorrectionDesk:
    """Shows the form of a correction and makes it."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases, self._correcting = desk, desk.use_cases, desk.use_cases.correcting

    async def ask(self, request: Request, visitor: Visitor, report_id: str) -> Response:
        """The form with the report as it is."""
        full, version = await self._correcting.open(report_id, reader_of(visitor))
        if full.content is None:
            raise Refused("report-erased", "The data of the report were erased.", 410)
        form = _filled(full, version, self._desk.new_id())
        given = {one.question: list(one.values) for one in full.content.answers}
        return await self._show(request, visitor, full, Typed(form, await self._asked(request, form, given)))

    async def find_place(
        self, request: Request, visitor: Visitor, report_id: str, form: CorrectionForm
    ) -> Response:
        """The form as it was typed, with the places that its words find."""
        full, _ = await self._correcting.open(report_id, reader_of(visitor))
        return await self._show(request, visitor, full, Typed(form, await self._asked(request, form)))

    async def correct(
        self, request: Request, visitor: Visitor, report_id: str, form: CorrectionForm
    ) -> Response:
        """Correct the report and go to its page; or show the form again with errors, new questions or the conflict."""
        reader, found = reader_of(visitor), await self._asked(request, form)
        full, version = await self._correcting.open(report_id, reader)
        draft = found.draft(form.draft())
        if found.has_new and not found.is_danger:
            return await self._show(request, visitor, full, Typed(form, found))
        if faults := await self._correcting.faults(full, draft):
            refusals = refusals_of(self._desk.site.language(request), faults, found)
            return await self._show(request, visitor, full, Typed(form, found, refusals))
        new = NewCorrection(str(form.command_id), form.versione, draft, form.motivo)
        try:
            again = await self._correcting.correct(report_id, reader, new)
        except Refused as refused:
            typed = self._refused(request, refused, Typed(form, found), version)
            return await self._show(request, visitor, full, typed)
        return self._desk.site.redirect(request, page_of(report_id), "report-corrected", again)

    def _refused(self, request: Request, refused: Refused, typed: Typed, version: int) -> Typed:
        """The form again; raises the refusal when the form cannot tell it."""
        fresh = {"command_id": UUID(self._desk.new_id())}
        if refused.slug == "corrected-meanwhile":
            form = typed.form.model_copy(update={**fresh, "versione": version})
            return replace(typed, form=form, refusals=Refusals({}, status=409), is_conflict=True)
        if refused.slug not in _TOLD and refused.slug != "id-reused":
            raise refused
        name = "motivo" if refused.slug == "reason-missing" else "send"
        errors = {name: self._desk.error(request, refused)}
        form = typed.form.model_copy(update=fresh)
        return replace(typed, form=form, refusals=Refusals(errors, status=refused.status))

    async def _asked(
        self, request: Request, form: CorrectionForm, given: dict[str, list[str]] | None = None
    ) -> Asked:
        found = await asked_in(request, self._cases, form.category, form.place_id, form.description)
        return replace(found, given=found.given if given is None else given, dangers=())

    async def _show(self, request: Request, visitor: Visitor, full: FullReport, typed: Typed) -> Response:
        report = full.report
        values = await form_values(
            self._desk.site, self._cases, request, typed.form, typed.refusals, typed.found
        )
        return self._desk.site.page(
            request,
            PAGE,
            typed.refusals.status,
            reader=visitor,
            crumbs=self._desk.crumbs(request, report),
            report=report,
            content=full.content,
            words=await self._desk.words(request, report),
            reasons=tuple(CorrectionReason),
            is_conflict=typed.is_conflict,
            fixed_language=True,
            here_path=f"{page_of(report.report_id)}/correggi",
            place_search=f"{page_of(report.report_id)}/correggi/luogo",
            **values,
        )


def correction_router(desk: Desk) -> APIRouter:
    """The routes of a correction, for operators and coordinators."""
    router, pages = APIRouter(prefix=f"{HOME}/{{report_id}}/correggi"), CorrectionDesk(desk)
    workers = Depends(desk.guard(*WORKERS))

    @router.get("")
    async def ask(request: Request, report_id: UUID, visitor: Annotated[Visitor, workers]) -> Response:
        return await pages.ask(request, visitor, str(report_id))

    @router.post("/luogo")
    async def find_place(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[CorrectionForm, Form()],
    ) -> Response:
        return await pages.find_place(request, visitor, str(report_id), form)

    @router.post("")
    async def correct(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[CorrectionForm, Form()],
    ) -> Response:
        return await pages.correct(request, visitor, str(report_id), form)

    return router


def _filled(full: FullReport, version: int, command_id: str) -> CorrectionForm:
    report, content = full.report, full.content
    form = CorrectionForm(
        command_id=UUID(command_id),
        category=report.category,
        place_id=report.place_id,
        language=report.language,
        versione=version,
    )
    if content is None:
        return form
    return form.model_copy(
        update={
            "description": content.text,
            "flat": content.flat or "",
            "frailty": "yes" if content.frail else "",
            "name": content.contact.name or "",
            "email": content.contact.email or "",
            "phone": content.contact.phone or "",
        }
    )
