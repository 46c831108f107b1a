"""The pages of a new report: the form and the receipt."""

from fastapi.responses import HTMLResponse

from chassis.errors import Refused, Unavailable
from intake.app.submit import JudgedDraft, Submission
from intake.app.use_cases import UseCases
from intake.domain.draft_rules import Fault
from intake.entrypoints.catalogue import fault_text, grouped_categories, grouped_places
from intake.entrypoints.devices import Device
from intake.entrypoints.pages.forms import ReportForm, in_order
from intake.entrypoints.pages.templates import Templates
from webkit.csrf import Visit


class ReportPages:
    """Shows the form of a report, submits it and shows the receipt."""

    def __init__(self, use_cases: UseCases, templates: Templates) -> None:
        self._submissions, self._registers = use_cases.submissions, use_cases.registers
        self._templates = templates

    async def blank(self, visit: Visit) -> HTMLResponse:
        """An empty form with a new id."""
        return await self._form(visit, ReportForm(report_id=self._submissions.new_id()))

    async def send(self, visit: Visit, device: Device, form: ReportForm) -> HTMLResponse:
        """Submit the report and show its receipt; or show the form again with its faults."""
        form = form.with_id(form.own_id() or self._submissions.new_id())
        if not visit.accepts(form.seal):
            return await self._form(visit, form, (_form_fault("unsealed"),), 403)
        try:
            judged = await self._submissions.judge(form.draft())
            if judged.faults:
                return await self._form(visit, form, judged.faults, 422)
            submitted = await self._submissions.accept(judged, form.report_id, visit.browser)
        except Refused as refused:
            again = form.with_id(self._submissions.new_id())
            return await self._form(visit, again, (_fault(refused),), refused.status)
        except Unavailable:
            return await self._form(visit, form, (_form_fault("unavailable"),), 503)
        return self._receipt(device, judged, submitted)

    def _receipt(self, device: Device, judged: JudgedDraft, submitted: Submission) -> HTMLResponse:
        """The receipt, for the browser that sent the report first only."""
        if submitted.receipt is None:
            return self._templates.show("known.html")
        status, email = 200 if submitted.known else 201, bool(judged.draft.contact.email)
        page = self._templates.show("receipt.html", status, receipt=submitted.receipt, email=email)
        device.remember(page, submitted.receipt.tracking_code)
        return page

    async def _form(
        self, visit: Visit, form: ReportForm, faults: tuple[Fault, ...] = (), status: int = 200
    ) -> HTMLResponse:
        try:
            categories = grouped_categories(await self._registers.categories())
            places = grouped_places(await self._registers.places())
        except Unavailable:
            return self._templates.show("pause.html", 503)
        return self._templates.show(
            "report.html",
            status,
            visit=visit,
            form=form,
            danger=any(fault.slug == "call-112" for fault in faults),
            faults=in_order(fault_text(fault) for fault in faults),
            categories=categories,
            places=places,
        )


def _form_fault(slug: str) -> Fault:
    """A fault of the whole form, shown at its button."""
    return Fault(slug, "send", "", "")


def _fault(refused: Refused) -> Fault:
    return Fault(refused.slug, refused.field or "send", refused.detail, refused.fix or "")
