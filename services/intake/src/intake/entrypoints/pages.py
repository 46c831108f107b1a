"""The public's pages: plain HTML forms that work on any phone, without an account and without JavaScript."""

from importlib import resources
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from chassis.errors import Refused, Unavailable
from chassis.service import ServiceContext
from chassis.web import PAGE_HEADERS, SHOW, CsrfTokens, Visit
from intake.domain.drafts import Contact, Draft, Fault, tidy
from intake.domain.reports import ENDED, Report
from intake.entrypoints import wording
from intake.entrypoints.desk import Desk
from intake.entrypoints.devices import Device

Faults = tuple[Fault, ...]


class ReportForm(BaseModel):
    """What the form of a report sends; empty where nothing was written."""

    report_id: str = ""
    category: str = ""
    place_id: str = ""
    description: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "it"
    frailty: str = ""
    seal: str = ""

    def draft(self) -> Draft:
        """What is asked, in the words of the domain."""
        return tidy(
            Draft(
                category=self.category,
                place_id=self.place_id,
                description=self.description,
                language=self.language,
                contact=Contact(self.name, self.email, self.phone),
                frail=bool(self.frailty),
            )
        )


class StatusForm(BaseModel):
    """What the form that asks for a report sends."""

    code: str = ""
    pin: str = ""


class WithdrawalForm(StatusForm):
    """What the form that takes a report back sends."""

    reason: str = ""
    seal: str = ""


class Pages:
    """The pages over the desk."""

    def __init__(self, desk: Desk, forms: CsrfTokens) -> None:
        self._desk, self._forms = desk, forms
        self._templates = Environment(
            loader=PackageLoader("intake.entrypoints"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._templates.globals.update(w=wording)

    def visit(self, request: Request) -> Visit:
        """Whose browser asks."""
        return Visit(self._forms, request)

    def device(self, request: Request) -> Device:
        """The browser that asks, with the PINs that it has known."""
        return Device(self._desk.slips, request)

    def show(self, template: str, status: int = 200, **facts: object) -> HTMLResponse:
        """A page; one with a form that changes something is told the `visit`."""
        page = HTMLResponse(self._templates.get_template(template).render(facts), status, PAGE_HEADERS)
        if isinstance(visit := facts.get("visit"), Visit):
            visit.remember(page)
        return page

    async def blank(self, visit: Visit) -> HTMLResponse:
        """An empty form with an id of its own."""
        return await self.form(visit, ReportForm(report_id=self._desk.new_id()))

    async def form(
        self, visit: Visit, form: ReportForm, faults: Faults = (), status: int = 200
    ) -> HTMLResponse:
        """The form of a report, with what was written and what is wrong with it."""
        try:
            categories = wording.grouped_categories(await self._desk.register("categories"))
            places = wording.grouped_places(await self._desk.register("places"))
        except Unavailable:
            return self.show("pause.html", 503)
        return self.show(
            "report.html",
            status,
            visit=visit,
            form=form,
            danger=any(fault.slug == "call-112" for fault in faults),
            faults=dict(wording.wording(fault) for fault in reversed(faults)),
            categories=categories,
            places=places,
        )

    async def send(self, visit: Visit, device: Device, form: ReportForm) -> HTMLResponse:
        """Take the report in and show its slip, again to the same browser only; or the form again, with what is wrong."""
        form = form.model_copy(update={"report_id": _own_id(form.report_id) or self._desk.new_id()})
        if not visit.accepts(form.seal):
            return await self.form(visit, form, (Fault("unsealed", "send", "", ""),), 403)
        draft = form.draft()
        try:
            found = await self._desk.judge(draft)
            if found:
                return await self.form(visit, form, found, 422)
            slip = await self._desk.accept(draft, form.report_id, visit.browser)
        except Refused as refusal:
            again = form.model_copy(update={"report_id": self._desk.new_id()})
            return await self.form(visit, again, (_fault(refusal),), refusal.status)
        except Unavailable:
            return await self.form(visit, form, (Fault("unavailable", "send", "", ""),), 503)
        if slip.receipt is None:
            return self.show("known.html")
        status, email = 200 if slip.known else 201, bool(draft.contact.email)
        page = self.show("slip.html", status, slip=slip.receipt, email=email)
        device.remember(page, slip.receipt.tracking_code)
        return page

    async def status(self, visit: Visit, device: Device, form: StatusForm) -> HTMLResponse:
        """Where a report stands; or the form again when there is none with this code and PIN."""
        try:
            report = await self._desk.find(form.code, form.pin, device.caller(form.code))
        except Refused as refusal:
            return self.ask(form, refusal)
        page = await self._standing(visit, report, form)
        device.remember(page, report.tracking_code)
        return page

    def ask(self, form: StatusForm, refusal: Refused | None = None) -> HTMLResponse:
        """The form that asks for code and PIN."""
        if refusal is None:
            return self.show("ask.html", form=form, wait=False, faults={})
        faults, wait = {"code": wording.refusal(refusal)}, refusal.status == 429
        page = self.show("ask.html", refusal.status, form=form, wait=wait, faults=faults)
        page.headers.update(refusal.headers or {})
        return page

    async def withdraw(self, visit: Visit, device: Device, form: WithdrawalForm) -> HTMLResponse:
        """Take a report back and show where it stands then."""
        try:
            report = await self._desk.find(form.code, form.pin, device.caller(form.code))
        except Refused as refusal:
            return self.ask(form, refusal)
        if not visit.accepts(form.seal):
            return await self._standing(visit, report, form, wording.FAULTS["unsealed"], 403)
        if form.reason not in wording.REASONS:
            return await self._standing(visit, report, form, "Scelga perché la ritira.", 422)
        try:
            await self._desk.withdraw(report, form.reason)
        except Refused as refusal:
            said = wording.FAULTS.get(refusal.slug, "")
            return await self._standing(visit, report, form, said, refusal.status)
        return await self._standing(visit, await self._desk.reread(report), form)

    async def _standing(
        self, visit: Visit, report: Report, form: StatusForm, fault: str = "", status: int = 200
    ) -> HTMLResponse:
        category = (await self._desk.register("categories")).category(report.category)
        place = (await self._desk.register("places")).place(report.place_id)
        return self.show(
            "status.html",
            status,
            visit=visit,
            report=report,
            form=form,
            category=category.label if category else report.category,
            place=place.label if place else report.place_id,
            ended=report.status in ENDED,
            faults={"reason": fault} if fault else {},
        )


def _own_id(written: str) -> str | None:
    """The id that the form was shown with, or None when it is not one of ours."""
    try:
        given = UUID(written)
    except ValueError:
        return None
    return str(given) if given.version == 7 else None


def _fault(refusal: Refused) -> Fault:
    return Fault(refusal.slug, refusal.field or "send", refusal.detail, refusal.fix or "")


def router(context: ServiceContext, desk: Desk, forms: CsrfTokens) -> APIRouter:
    """The routes of the pages."""
    pages = Pages(desk, forms)

    def in_italian(request: Request) -> None:
        """Whatever is refused from here on is said on a page."""
        request.scope[SHOW] = lambda _, status: pages.show("pause.html", status)

    locks = [Depends(in_italian), Depends(context.require("public"))]
    site = APIRouter(include_in_schema=False, dependencies=locks)
    _serve_reports(site, pages)
    _serve_status(site, pages)
    return site


def _serve_reports(site: APIRouter, pages: Pages) -> None:
    style = resources.files("intake.entrypoints").joinpath("static/intake.css").read_bytes()

    @site.get("/")
    async def show_home() -> HTMLResponse:
        return pages.show("home.html")

    @site.get("/segnala")
    async def show_form(request: Request) -> HTMLResponse:
        return await pages.blank(pages.visit(request))

    @site.post("/segnala")
    async def send_form(request: Request, form: Annotated[ReportForm, Form()]) -> HTMLResponse:
        return await pages.send(pages.visit(request), pages.device(request), form)

    @site.get("/static/intake.css")
    async def show_style() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


def _serve_status(site: APIRouter, pages: Pages) -> None:
    @site.get("/stato")
    async def ask_for_slip(codice: str = "") -> HTMLResponse:
        return pages.ask(StatusForm(code=codice))

    @site.post("/stato")
    async def show_status(request: Request, form: Annotated[StatusForm, Form()]) -> HTMLResponse:
        return await pages.status(pages.visit(request), pages.device(request), form)

    @site.post("/stato/ritiro")
    async def withdraw(request: Request, form: Annotated[WithdrawalForm, Form()]) -> HTMLResponse:
        return await pages.withdraw(pages.visit(request), pages.device(request), form)
