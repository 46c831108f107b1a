"""Reports about one problem: the staff merges one into another and splits it again, each time in two steps with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from intake.app.merging import MERGE_REASONS, SPLIT_REASONS
from intake.app.tracking_codes import read_code
from intake.domain.reports import ENDED, Report
from intake.entrypoints.pages.desk_layout import HOME, WORKERS, Desk, page_of, reader_of
from intake.queries.reports import main_of, reports_with_code
from webkit.login import Visitor

PAGE = "staff/merging.html"


class MergeForm(BaseModel):
    """The confirmed merging."""

    command_id: UUID
    con: UUID
    motivo: str = ""


class SplitForm(BaseModel):
    """The confirmed splitting, or the undoing of a merging."""

    command_id: UUID
    motivo: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the first step asks for: another report by id or by code, and the reason."""

    con: str = ""
    codice: str = ""
    motivo: str = ""
    asked: bool = False


@dataclass(frozen=True)
class OtherReport:
    """Another report as a choice: its labels, and never its text."""

    report: Report
    words: Mapping[str, str]


class MergingDesk:
    """Suggests what may be the same problem, merges and splits."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def show(
        self, request: Request, visitor: Visitor, report_id: str, wanted: Wanted, error: str = ""
    ) -> Response:
        """The choice of the other report, then what happens; or for a merged report how it is split."""
        report = await self._cases.readings.admit(report_id, reader_of(visitor))
        if report.merged_into is not None:
            return await self._split(request, visitor, report, wanted, error)
        found, errors = await self._chosen(request, visitor, report, wanted)
        if error:
            errors = {"codice": error}
        others = [] if found and not errors else await self._suggested(request, report)
        return await self._page(
            request,
            visitor,
            report,
            errors,
            step=2 if found and not errors else 1,
            main=await self._other(request, found) if found else None,
            others=others,
            reasons=MERGE_REASONS,
            wanted=wanted,
        )

    async def merge(self, request: Request, visitor: Visitor, report_id: str, form: MergeForm) -> Response:
        """Merge the report and show how to undo that; or the first step again with the reason of a refusal."""
        reader, main_id = reader_of(visitor), str(form.con)
        try:
            await self._cases.merging.merge(report_id, main_id, form.motivo, reader, str(form.command_id))
        except Refused as refused:
            again = Wanted(con=main_id, motivo=form.motivo)
            return await self.show(request, visitor, report_id, again, self._error(request, refused))
        return self._desk.site.redirect(request, _page(report_id), "report-merged", again=False)

    async def split(self, request: Request, visitor: Visitor, report_id: str, form: SplitForm) -> Response:
        """Split the report and return to it; or the first step again with the reason of a refusal."""
        reader = reader_of(visitor)
        try:
            await self._cases.merging.split(report_id, form.motivo, reader, str(form.command_id))
        except Refused as refused:
            error = self._error(request, refused)
            return await self.show(request, visitor, report_id, Wanted(motivo=form.motivo), error)
        return self._desk.site.redirect(request, page_of(report_id), "report-split", again=False)

    async def _split(
        self, request: Request, visitor: Visitor, report: Report, wanted: Wanted, error: str
    ) -> Response:
        main = await main_of(self._desk.context, report.report_id)
        is_missing = wanted.asked and wanted.motivo not in SPLIT_REASONS
        errors = {"motivo": self._label(request, "reason-missing")} if is_missing else {}
        return await self._page(
            request,
            visitor,
            report,
            {"motivo": error} if error else errors,
            step=2 if wanted.motivo in SPLIT_REASONS and not error else 1,
            main=await self._other(request, main) if main else None,
            others=[],
            reasons=SPLIT_REASONS,
            wanted=wanted,
        )

    async def _page(
        self, request: Request, visitor: Visitor, report: Report, errors: Mapping[str, str], **values: object
    ) -> Response:
        return self._desk.site.page(
            request,
            PAGE,
            422 if errors else 200,
            reader=visitor,
            crumbs=self._desk.crumbs(request, report),
            report=report,
            has_ended=report.status in ENDED,
            words=await self._desk.words(request, report),
            place_of=page_of(report.report_id),
            command_id=self._desk.new_id(),
            now=self._desk.context.clock(),
            errors=errors,
            **values,
        )

    async def _chosen(
        self, request: Request, visitor: Visitor, report: Report, wanted: Wanted
    ) -> tuple[Report | None, Mapping[str, str]]:
        """The report whose case the two will share, and what is wrong with the choice."""
        if not wanted.asked:
            return None, {}
        ids = [wanted.con] if wanted.con and not wanted.codice.strip() else []
        if wanted.codice.strip():
            code = read_code(wanted.codice)
            ids = [one.report_id for one in await reports_with_code(self._desk.context, code)] if code else []
        found = await main_of(self._desk.context, ids[0]) if len(ids) == 1 else None
        if found is None:
            typed = "code-unknown" if wanted.codice.strip() else "other-report-missing"
            return None, {"codice": self._label(request, typed)}
        await self._cases.readings.admit(found.report_id, reader_of(visitor))
        if found.report_id == report.report_id:
            return None, {"codice": self._label(request, "same-report")}
        if wanted.motivo not in MERGE_REASONS:
            return found, {"motivo": self._label(request, "reason-missing")}
        return found, {}

    async def _suggested(self, request: Request, report: Report) -> Sequence[OtherReport]:
        found = await self._cases.duplicates.of_report(report)
        return [await self._other(request, one.report) for one in found]

    async def _other(self, request: Request, report: Report) -> OtherReport:
        return OtherReport(report, await self._desk.words(request, report))

    def _error(self, request: Request, refused: Refused) -> str:
        return self._label(request, "one-has-ended" if refused.slug == "report-ended" else refused.slug)

    def _label(self, request: Request, slug: str) -> str:
        return self._desk.site.language(request).label("desk-error", slug)


def merging_router(desk: Desk) -> APIRouter:
    """The routes of merging, for operators and coordinators."""
    router, pages, workers = APIRouter(prefix=HOME), MergingDesk(desk), Depends(desk.guard(*WORKERS))

    @router.get("/{report_id}/unione")
    async def show(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        con: UUID | None = None,
        codice: str = "",
        motivo: str | None = None,
    ) -> Response:
        wanted = Wanted(str(con) if con else "", codice, motivo or "", asked=motivo is not None or bool(con))
        return await pages.show(request, visitor, str(report_id), wanted)

    @router.post("/{report_id}/unione")
    async def merge(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[MergeForm, Form()],
    ) -> Response:
        return await pages.merge(request, visitor, str(report_id), form)

    @router.post("/{report_id}/unione/separa")
    async def split(
        request: Request,
        report_id: UUID,
        visitor: Annotated[Visitor, workers],
        form: Annotated[SplitForm, Form()],
    ) -> Response:
        return await pages.split(request, visitor, str(report_id), form)

    return router


def _page(report_id: str) -> str:
    return f"{page_of(report_id)}/unione"
