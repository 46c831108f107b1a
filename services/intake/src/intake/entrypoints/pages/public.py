"""The routes of the public pages."""

from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse

from chassis.service import ServiceContext
from chassis.web import SHOW
from intake.app.use_cases import UseCases
from intake.entrypoints.devices import Device
from intake.entrypoints.pages.forms import ReportForm, StatusForm, WithdrawalForm
from intake.entrypoints.pages.report import ReportPages
from intake.entrypoints.pages.status import StatusPages
from intake.entrypoints.pages.templates import Templates
from webkit.csrf import CsrfTokens, Visit


def router(context: ServiceContext, use_cases: UseCases, csrf: CsrfTokens) -> APIRouter:
    """The routes of the pages."""
    templates = Templates()

    def refuse_with_page(request: Request) -> None:
        """Errors of these routes are shown as an Italian page instead of JSON."""
        request.scope[SHOW] = lambda _, status: templates.show("pause.html", status)

    guards = [Depends(refuse_with_page), Depends(context.require("public"))]
    site = APIRouter(include_in_schema=False, dependencies=guards)
    _serve_home(site, templates)
    _serve_reports(site, ReportPages(use_cases, templates), use_cases, csrf)
    _serve_status(site, StatusPages(use_cases, templates), use_cases, csrf)
    return site


def _serve_home(site: APIRouter, templates: Templates) -> None:
    style = resources.files("intake").joinpath("web/static/intake.css").read_bytes()

    @site.get("/")
    async def show_home() -> HTMLResponse:
        return templates.show("home.html")

    @site.get("/static/intake.css")
    async def show_style() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


def _serve_reports(site: APIRouter, pages: ReportPages, use_cases: UseCases, csrf: CsrfTokens) -> None:
    @site.get("/segnala")
    async def show_form(request: Request) -> HTMLResponse:
        return await pages.blank(Visit(csrf, request))

    @site.post("/segnala")
    async def send_form(request: Request, form: Annotated[ReportForm, Form()]) -> HTMLResponse:
        return await pages.send(Visit(csrf, request), Device(use_cases.codes, request), form)


def _serve_status(site: APIRouter, pages: StatusPages, use_cases: UseCases, csrf: CsrfTokens) -> None:
    @site.get("/stato")
    async def ask_for_code(codice: str = "") -> HTMLResponse:
        return pages.ask(StatusForm(code=codice))

    @site.post("/stato")
    async def show_status(request: Request, form: Annotated[StatusForm, Form()]) -> HTMLResponse:
        return await pages.show(Visit(csrf, request), Device(use_cases.codes, request), form)

    @site.post("/stato/ritiro")
    async def withdraw(request: Request, form: Annotated[WithdrawalForm, Form()]) -> HTMLResponse:
        return await pages.withdraw(Visit(csrf, request), Device(use_cases.codes, request), form)
