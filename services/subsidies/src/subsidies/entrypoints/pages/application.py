"""The pages of one application: its state, the data, the preview and the first decision."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from chassis.errors import Refused
from chassis.ids import uuid7
from subsidies.app.application_data import ApplicationData
from subsidies.app.decide import Confirmation, decide, was_taken_by
from subsidies.app.draft import read_draft, save_draft
from subsidies.app.explanation_view import explanation_view
from subsidies.app.queue import queue_row
from subsidies.app.reproduce_decision import reproduce_decision
from subsidies.domain.applications import Status
from subsidies.domain.days import day_in_italy
from subsidies.domain.expressions import CODES, COMPOSITION
from subsidies.entrypoints.pages.data_check import Checked, check_data
from subsidies.entrypoints.pages.data_form import MORE_ROWS, Typed, rows_shown, typed_in
from subsidies.entrypoints.pages.layout import Pages, choices, error_texts, place
from subsidies.queries.applications import read_application
from subsidies.queries.decisions import list_decisions
from subsidies.queries.measures import MeasureView, measure_view
from subsidies.queries.views import ApplicationView
from webkit.i18n import Language
from webkit.login import Visitor

CHECK, CHANGED, DECIDED_BEFORE = "controllo", "cambiato", "gia"


class ConfirmationForm(BaseModel):
    """The confirmed preview; `command_id` is created with the page, so that a second submit decides nothing again."""

    command_id: UUID
    fingerprint: Annotated[str, Field(max_length=64)] = ""


class ApplicationPages:
    """The pages below `/contributi/{application_id}` up to the decision."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._desk, self._context = pages, pages.desk, pages.desk.context

    async def show(self, request: Request, visitor: Visitor, application_id: str) -> Response:
        """The application with its history and what can be done."""
        application = await read_application(self._context, application_id)
        today = day_in_italy(self._context.clock())
        return self._pages.page(
            request,
            visitor,
            "application.html",
            crumbs=self._pages.crumbs(request),
            reference=await self._pages.reference(request, application),
            row=queue_row(self._desk, application, today),
            measure=await measure_view(self._context, application.measure, today),
            decisions=await list_decisions(self._context, application_id),
            draft=await read_draft(self._desk, application_id) is not None,
            place=place(application_id),
        )

    async def show_data(self, request: Request, visitor: Visitor, application_id: str) -> Response:
        """The form with what was typed last; with `controllo` in the address, every error beside its field."""
        application = await read_application(self._context, application_id)
        if application.status is Status.DECIDED:
            return RedirectResponse(place(application_id, "decisione"), 303)
        draft = await read_draft(self._desk, application_id)
        typed = draft or {"province": application.province}
        checked = None
        if CHECK in request.query_params:
            checked = await check_data(self._desk, application_id, typed)
        values = await form_values(self._pages, request, application, typed, checked)
        return self._pages.page(request, visitor, "data.html", **values)

    async def keep_data(self, request: Request, application_id: str) -> Response:
        """Keep what was typed and go on to the preview, which leads back to the form when there is an error."""
        form = await request.form()
        typed = typed_in(form)
        return await keep_typed(
            self._pages, request, application_id, typed, ("dati", "anteprima", str(form.get("go", "")))
        )

    async def show_preview(self, request: Request, visitor: Visitor, application_id: str) -> Response:
        """Each condition and amount before anything is decided."""
        application = await read_application(self._context, application_id)
        if application.status is Status.DECIDED:
            return RedirectResponse(place(application_id, "decisione"), 303)
        typed = await read_draft(self._desk, application_id) or {}
        checked = await check_data(self._desk, application_id, typed)
        if checked.preview is None:
            return RedirectResponse(place(application_id, f"dati?{CHECK}=1"), 303)
        return self._pages.page(
            request,
            visitor,
            "preview.html",
            crumbs=self._pages.crumbs(
                request, application_id, await self._pages.reference(request, application)
            ),
            view=explanation_view(checked.preview.explanation),
            before=None,
            fingerprint=checked.preview.fingerprint,
            command_id=uuid7(self._context.clock()),
            changed=CHANGED in request.query_params,
            confirm=place(application_id, "decidi"),
            back=place(application_id, "dati"),
        )

    async def take(self, request: Request, application_id: str, form: ConfirmationForm) -> Response:
        """Take the previewed decision once, and show it."""
        decision = place(application_id, "decisione")
        if await was_taken_by(self._desk, application_id, str(form.command_id)):
            return self._pages.site.redirect(request, decision, "decided", again=True)
        if (await read_application(self._context, application_id)).status is Status.DECIDED:
            return RedirectResponse(f"{decision}?{DECIDED_BEFORE}=1", 303)
        typed = await read_draft(self._desk, application_id) or {}
        checked = await check_data(self._desk, application_id, typed)
        if checked.reading.data is None or checked.preview is None:
            return RedirectResponse(place(application_id, f"dati?{CHECK}=1"), 303)
        return await self._decide(request, application_id, checked.reading.data, form)

    async def _decide(
        self, request: Request, application_id: str, data: ApplicationData, form: ConfirmationForm
    ) -> Response:
        confirmation = Confirmation(form.fingerprint, str(form.command_id))
        try:
            await decide(self._desk, application_id, data, confirmation)
        except Refused as refusal:
            return outdated(refusal, place(application_id, "anteprima"))
        return self._pages.site.redirect(request, place(application_id, "decisione"), "decided")

    async def show_decision(
        self, request: Request, visitor: Visitor, application_id: str, number: int | None
    ) -> Response:
        """A decision with its explanation beside the law; the one in force unless a number is given."""
        application = await read_application(self._context, application_id)
        decision = await reproduce_decision(self._context, self._desk.encryption, application_id, number)
        decisions = await list_decisions(self._context, application_id)
        name = await self._pages.reference(request, application)
        return self._pages.page(
            request,
            visitor,
            "decision.html",
            crumbs=self._pages.crumbs(request, application_id, name),
            reference=name,
            decision=decision,
            view=None if decision.explanation is None else explanation_view(decision.explanation),
            submitted_on=date.fromisoformat(decision.submitted_on),
            notice_on=date.fromisoformat(decision.notice_on),
            annulled_on=decision.annulment and date.fromisoformat(decision.annulment.decided_on),
            decisions=decisions,
            summary=next(one for one in decisions if one.decision_id == decision.decision_id),
            before=DECIDED_BEFORE in request.query_params,
            place=place(application_id),
        )


async def keep_typed(
    pages: Pages, request: Request, application_id: str, typed: Typed, steps: tuple[str, str, str]
) -> Response:
    """Keep what was typed; then the form again with more rows, the application, or the next step.

    `steps` are the pages of the form and of its preview, and the button that was pressed.
    """
    here, following, pressed = steps
    if pressed == "rows":
        shown = rows_shown(typed)
        await save_draft(pages.desk, application_id, {**typed, "rows": str(shown + MORE_ROWS)})
        return RedirectResponse(place(application_id, f"{here}#arrears-{shown}-month"), 303)
    await save_draft(pages.desk, application_id, typed)
    if pressed == "save":
        return pages.site.redirect(request, place(application_id), "draft-saved")
    return RedirectResponse(place(application_id, following), 303)


async def form_values(
    pages: Pages, request: Request, application: ApplicationView, typed: Typed, checked: Checked | None
) -> dict[str, Any]:
    """The values of a page with the form of the data."""
    language = pages.site.language(request)
    today = day_in_italy(pages.desk.context.clock())
    measure = await measure_view(pages.desk.context, application.measure, today)
    name = await pages.reference(request, application)
    return {
        "crumbs": pages.crumbs(request, application.application_id, name),
        "codes": _codes(language, measure),
        "typed": typed,
        "rows": rows_shown(typed),
        "errors": {} if checked is None else error_texts(language, checked.errors),
        "problem": "" if checked is None else checked.problem,
        "reference": name,
        "place": place(application.application_id),
    }


def _codes(language: Language, measure: MeasureView | None) -> dict[str, Any]:
    """What the controls with a choice offer."""
    return {
        "composition": COMPOSITION,
        "acts": CODES["decadenza-acts"],
        "kinds": choices(language, "tenancy-kind", CODES["tenancy-kind"]),
        "areas": choices(language, "area-of-household", CODES["area"]),
        "attestations": choices(language, "attestation-kind", CODES["attestation-kind"]),
        "provinces": [] if measure is None else choices(language, "province", measure.provinces),
        "tracks": [] if measure is None else list(measure.tracks),
    }


def outdated(refusal: Refused, preview: str) -> Response:
    """Back to the preview when what was confirmed has changed; raises every other refusal."""
    if refusal.slug != "preview-outdated":
        raise refusal
    return RedirectResponse(f"{preview}?{CHANGED}=1", 303)
