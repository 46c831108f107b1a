"""A form about a report for whoever has its code and PIN: what is refused comes back with what was typed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from intake.domain.draft_rules import MOST_CHARACTERS
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.status_access import REPORT
from intake.queries.reports import StatusView

# The longest draft id in an address.
_MOST_ID = 80


class StatusForm(BaseModel):
    """What a browser sends; the id makes a second sending the same."""

    command_id: UUID
    seal: str = ""

    def typed(self) -> dict[str, str]:
        """The fields that a tenant fills in."""
        return self.model_dump(exclude={"command_id", "seal"})


@dataclass(frozen=True)
class FormKind:
    """What one form asks, and what happens when it is sent."""

    place: str  # its address
    template: str
    done: str  # the notice on the report's page afterwards
    # The field that a fault belongs to; `""` is that of all others.
    fields: Mapping[str, str]
    # The fields before anything is typed, and what the page shows beside them.
    blank: Callable[[StatusView], Awaitable[Mapping[str, str]]]
    shown: Callable[[StatusView], Mapping[str, Any]]
    # Runs the command (report, id, fields) and returns whether it was run before; raises Refused and Unavailable.
    send: Callable[[str, str, Mapping[str, str]], Awaitable[bool]]
    # Faults after which nothing is left to type, and the address that tells them.
    over: Mapping[str, str] = field(default_factory=dict)


class StatusFormPage:
    """The page of one form: asks, sends, and returns to the report."""

    def __init__(self, front: Front, kind: FormKind) -> None:
        self._front, self._kind, self._drafts = front, kind, front.use_cases.drafts

    async def ask(self, request: Request, report: StatusView, draft: str) -> Response:
        """The form; with what was typed and its fault when the browser sent it before."""
        draft = draft[:_MOST_ID]
        kept = (
            await self._drafts.find(self._front.visit(request).browser, self._name(draft)) if draft else None
        )
        blank = await self._kind.blank(report)
        if kept is None:
            return self._page(request, report, self._new_id(), blank)
        typed = {name: kept.get(name, "") for name in blank}
        return self._page(request, report, draft, typed, kept["slug"], 422)

    async def send(self, request: Request, report: StatusView, form: StatusForm) -> Response:
        """Run the command and return to the report; or to the form with what is wrong."""
        visit, command_id, typed = self._front.visit(request), str(form.command_id), form.typed()
        if not visit.accepts(form.seal):
            return self._page(request, report, command_id, typed, "unsealed", 403)
        try:
            known = await self._kind.send(report.report_id, command_id, typed)
        except Refused as refused:
            return await self._refuse(request, report, form, refused.slug)
        except Unavailable:
            return self._page(request, report, command_id, typed, "unavailable", 503)
        return self._front.redirect(request, visit, REPORT, self._kind.done, known)

    async def _refuse(self, request: Request, report: StatusView, form: StatusForm, slug: str) -> Response:
        visit = self._front.visit(request)
        if slug in self._kind.over:
            return self._front.redirect(request, visit, self._kind.over[slug])
        command_id = self._new_id() if slug == "id-reused" else str(form.command_id)
        kept = {**form.typed(), "slug": slug}
        if not self._drafts.fits(kept):
            return self._page(request, report, command_id, form.typed(), slug, 422)
        await self._drafts.save(visit.browser, self._name(command_id), kept)
        return self._front.redirect(request, visit, f"{self._kind.place}?bozza={command_id}")

    def _page(
        self,
        request: Request,
        report: StatusView,
        command_id: str,
        typed: Mapping[str, str],
        slug: str = "",
        status: int = 200,
    ) -> Response:
        fields, errors = self._kind.fields, {}
        if slug:
            errors = {fields.get(slug, fields[""]): self._front.fault(request, slug, most=MOST_CHARACTERS)}
        return self._front.page(
            request,
            self._kind.template,
            status,
            self._front.visit(request),
            report=report,
            command_id=command_id,
            typed=typed,
            errors=errors,
            **self._kind.shown(report),
        )

    def _name(self, draft: str) -> str:
        return f"{self._kind.place}:{draft}"

    def _new_id(self) -> str:
        return uuid7(self._front.context.clock())
