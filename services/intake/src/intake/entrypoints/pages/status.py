"""The pages of a registered report: its status and its withdrawal."""

from fastapi.responses import HTMLResponse

from chassis.errors import Refused
from intake.app.use_cases import UseCases
from intake.entrypoints.catalogue import FAULTS, MISSING, REASONS, refusal_text
from intake.entrypoints.devices import Device
from intake.entrypoints.pages.forms import StatusForm, WithdrawalForm
from intake.entrypoints.pages.templates import Templates
from intake.queries.reports import StatusView
from webkit.csrf import Visit


class StatusPages:
    """Asks for code and PIN, shows the status of the report and withdraws it."""

    def __init__(self, use_cases: UseCases, templates: Templates) -> None:
        self._use_cases, self._templates = use_cases, templates

    def ask(self, form: StatusForm, refused: Refused | None = None) -> HTMLResponse:
        """The form that asks for code and PIN, with the reason of a refusal."""
        if refused is None:
            return self._templates.show("ask.html", form=form, wait=False, faults={})
        faults, wait = {"code": refusal_text(refused)}, refused.status == 429
        page = self._templates.show("ask.html", refused.status, form=form, wait=wait, faults=faults)
        page.headers.update(refused.headers or {})
        return page

    async def show(self, visit: Visit, device: Device, form: StatusForm) -> HTMLResponse:
        """The status of the report; or the form again when a field is empty, or no report has this code and PIN."""
        empty = {name: MISSING[name] for name in MISSING if not getattr(form, name).strip()}
        if empty:
            return self._templates.show("ask.html", 422, form=form, wait=False, faults=empty)
        try:
            report = await self._find(device, form)
        except Refused as refused:
            return self.ask(form, refused)
        page = await self._status(visit, report, form)
        device.remember(page, report.tracking_code)
        return page

    async def withdraw(self, visit: Visit, device: Device, form: WithdrawalForm) -> HTMLResponse:
        """Withdraw the report and show its new status."""
        try:
            report = await self._find(device, form)
        except Refused as refused:
            return self.ask(form, refused)
        if not visit.accepts(form.seal):
            return await self._status(visit, report, form, FAULTS["unsealed"], 403)
        if form.reason not in REASONS:
            return await self._status(visit, report, form, "Scelga perché la ritira.", 422)
        try:
            await self._use_cases.withdrawals.withdraw(report.report_id, form.reason)
        except Refused as refused:
            return await self._status(visit, report, form, FAULTS.get(refused.slug, ""), refused.status)
        return await self._status(visit, await self._use_cases.tracking.again(report), form)

    async def _find(self, device: Device, form: StatusForm) -> StatusView:
        return await self._use_cases.tracking.find(form.code, form.pin, device.caller(form.code))

    async def _status(
        self, visit: Visit, report: StatusView, form: StatusForm, fault: str = "", status: int = 200
    ) -> HTMLResponse:
        registers = self._use_cases.registers
        category = (await registers.categories()).category(report.category)
        place = (await registers.places()).place(report.place_id)
        return self._templates.show(
            "status.html",
            status,
            visit=visit,
            report=report,
            form=form,
            category=category.label if category else report.category,
            place=place.label if place else report.place_id,
            faults={"reason": fault} if fault else {},
        )
