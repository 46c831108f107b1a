"""The pages that correct a decision by self-annulment, in two steps: the reason and the data, then the confirmation."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from chassis.errors import Refused
from chassis.ids import uuid7
from subsidies.app.decide import Confirmation, correct, was_taken_by
from subsidies.app.draft import read_draft
from subsidies.app.explanation_view import explanation_view
from subsidies.app.preview import decision_in_force
from subsidies.app.reproduce_decision import decrypted_data
from subsidies.entrypoints.pages.application import (
    CHANGED,
    CHECK,
    DECIDED_BEFORE,
    ConfirmationForm,
    form_values,
    keep_typed,
    outdated,
)
from subsidies.entrypoints.pages.data_check import check_correction, request_in
from subsidies.entrypoints.pages.data_form import Typed, typed_in, typed_of
from subsidies.entrypoints.pages.layout import Pages, place
from subsidies.queries.applications import read_application
from webkit.login import Visitor


class CorrectionPages:
    """The pages below `/contributi/{application_id}/annulla`."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._desk, self._context = pages, pages.desk, pages.desk.context

    async def show_form(self, request: Request, visitor: Visitor, application_id: str) -> Response:
        """The reasons and the data of the decision in force; raises Refused when there is none."""
        application = await read_application(self._context, application_id)
        annulled = await decision_in_force(self._desk, application_id)
        typed = await read_draft(self._desk, application_id) or await self._decided(application_id)
        checked = None
        if CHECK in request.query_params:
            checked = await check_correction(self._desk, application_id, typed)
        values = await form_values(self._pages, request, application, typed, checked)
        return self._pages.page(
            request,
            visitor,
            "correction.html",
            reason_options=[(one.code, one.title, one.legal) for one in self._desk.procedure.reasons],
            procedure=self._desk.procedure,
            annulled=annulled,
            **values,
        )

    async def keep_form(self, request: Request, application_id: str) -> Response:
        """Keep what was typed and go on to the confirmation."""
        form = await request.form()
        steps = ("annulla", "annulla/anteprima", str(form.get("go", "")))
        return await keep_typed(self._pages, request, application_id, typed_in(form), steps)

    async def show_preview(self, request: Request, visitor: Visitor, application_id: str) -> Response:
        """The new decision beside the one that it would annul."""
        application = await read_application(self._context, application_id)
        typed = await read_draft(self._desk, application_id) or {}
        checked = await check_correction(self._desk, application_id, typed)
        if checked.preview is None:
            return RedirectResponse(place(application_id, f"annulla?{CHECK}=1"), 303)
        return self._pages.page(
            request,
            visitor,
            "preview.html",
            crumbs=self._pages.crumbs(
                request, application_id, await self._pages.reference(request, application)
            ),
            view=explanation_view(checked.preview.explanation),
            before=checked.preview.annulled,
            fingerprint=checked.preview.fingerprint,
            command_id=uuid7(self._context.clock()),
            changed=CHANGED in request.query_params,
            confirm=place(application_id, "annulla/conferma"),
            back=place(application_id, "annulla"),
        )

    async def take(self, request: Request, application_id: str, form: ConfirmationForm) -> Response:
        """Annul the decision in force once, take the new one, and show it."""
        decision = place(application_id, "decisione")
        if await was_taken_by(self._desk, application_id, str(form.command_id)):
            return self._pages.site.redirect(request, decision, "corrected", again=True)
        typed = await read_draft(self._desk, application_id)
        if typed is None:
            return RedirectResponse(f"{decision}?{DECIDED_BEFORE}=1", 303)
        checked = await check_correction(self._desk, application_id, typed)
        if checked.reading.data is None or checked.preview is None:
            return RedirectResponse(place(application_id, f"annulla?{CHECK}=1"), 303)
        confirmation = Confirmation(form.fingerprint, str(form.command_id))
        try:
            await correct(self._desk, application_id, checked.reading.data, request_in(typed), confirmation)
        except Refused as refusal:
            return outdated(refusal, place(application_id, "annulla/anteprima"))
        return self._pages.site.redirect(request, decision, "corrected")

    async def _decided(self, application_id: str) -> Typed:
        """The data of the decision in force, as text; nothing when they are erased."""
        application = await read_application(self._context, application_id)
        opened = await decrypted_data(
            self._context, self._desk.encryption, application_id, application.annulments
        )
        return {} if opened is None else typed_of(opened.facts)
