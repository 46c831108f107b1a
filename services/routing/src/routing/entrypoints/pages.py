"""The pages for staff: the open cases with a form that says how one ended, and what is in force with how to change it."""

from importlib import resources
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from chassis.documents import AnyOf
from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import ServiceContext
from chassis.web import LEAVE, PAGE_HEADERS, Login, SessionGuard, Visitor, login_router
from routing.domain.case import Outcome, Status
from routing.domain.register import CURRENT
from routing.domain.words import explain
from routing.entrypoints import wording
from routing.entrypoints.http import STAFF
from routing.entrypoints.in_force import in_force
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.resolve_case import ResolveCase

HOME, SETTINGS, SYSTEM = "/lavoro", "/lavoro/impostazioni", "/lavoro/sistema"
KEEPERS = ("coordinator", "ops")
SHOWN = 100
OPEN = AnyOf((Status.OPEN.value, Status.HELD.value))


class ResolutionForm(BaseModel):
    """What the form under a case sends; `command_id` was made with the page, so that a second press changes nothing."""

    command_id: UUID
    outcome: str = ""
    seal: str = ""


class Pages:
    """The pages over the doors."""

    def __init__(self, context: ServiceContext, login: Login) -> None:
        self._context, self._login = context, login
        self._templates = Environment(
            loader=PackageLoader("routing.entrypoints"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            w=wording,
            leave=LEAVE,
            home=HOME,
            settings=SETTINGS,
            system=SYSTEM,
            staff=STAFF,
            keepers=KEEPERS,
        )

    def say(
        self, slug: str, status: int, link: str | None = None, visitor: Visitor | None = None
    ) -> Response:
        """A page that says what happened; whoever is logged in can go elsewhere from it, or leave."""
        title, text = wording.SAID.get(slug, wording.SAID["other"])
        seal = self._login.csrf.token(visitor.session) if visitor is not None else ""
        return self.page(
            "said.html", status, here="", visitor=visitor, seal=seal, title=title, text=text, link=link
        )

    async def cases(self, visitor: Visitor, fault: str = "", done: str = "", status: int = 200) -> Response:
        """The cases that nobody has finished."""
        context = self._context
        rows = await context.list(CASES, {"state.status": OPEN}, [("state.due_at", 1)], SHOWN)
        return self.page(
            "cases.html",
            status,
            here=HOME,
            visitor=visitor,
            seal=self._login.csrf.token(visitor.session),
            rows=[(case, explain(case), uuid7(context.clock())) for case in rows],
            now=context.clock(),
            fault=fault,
            done=done,
            more=len(rows) == SHOWN,
        )

    async def settings(self, visitor: Visitor) -> Response:
        """What is in force, the file it comes from, and how it is changed."""
        register = await self._context.load(REGISTERS, CURRENT)
        return self.page(
            "settings.html",
            200,
            here=SETTINGS,
            visitor=visitor,
            seal=self._login.csrf.token(visitor.session),
            register=register,
            things=in_force(register) if register is not None else (),
            invented=[one.name for one in register.operators if wording.EXAMPLE in one.name]
            if register is not None
            else [],
        )

    async def resolve(self, visitor: Visitor, report_id: str, form: ResolutionForm) -> Response:
        """Close a case and show the others; what is refused is said above them."""
        if form.outcome not in wording.OUTCOMES:
            return await self.cases(visitor, wording.FAULTS["outcome"], status=422)
        command = ResolveCase(report_id, Outcome(form.outcome))
        mark = f"{report_id}/{form.outcome}"
        try:
            await self._context.run(command, id=str(form.command_id), key=report_id, fingerprint=mark)
        except Refused as refusal:
            fault = wording.FAULTS.get(refusal.slug, wording.FAULTS["other"])
            return await self.cases(visitor, fault, status=refusal.status)
        return RedirectResponse(f"{HOME}?fatto={report_id}", 303)

    def page(self, template: str, status: int, **facts: object) -> HTMLResponse:
        """A page of one of the templates."""
        return HTMLResponse(self._templates.get_template(template).render(facts), status, PAGE_HEADERS)


def pages_router(context: ServiceContext, login: Login) -> APIRouter:
    """The pages, their style, and the way in and out."""
    site, pages = APIRouter(include_in_schema=False), Pages(context, login)
    lock, keepers = (
        SessionGuard(context, login, STAFF, pages.say),
        SessionGuard(context, login, KEEPERS, pages.say),
    )
    style = resources.files("routing.entrypoints").joinpath("static/lavoro.css").read_bytes()

    @site.get(HOME)
    async def show_cases(visitor: Annotated[Visitor, Depends(lock)], fatto: str = "") -> Response:
        return await pages.cases(visitor, done=fatto[:36])

    @site.post(f"{HOME}/{{report_id}}/risolto")
    async def resolve(
        report_id: UUID,
        visitor: Annotated[Visitor, Depends(lock)],
        form: Annotated[ResolutionForm, Form()],
    ) -> Response:
        return await pages.resolve(visitor, str(report_id), form)

    @site.get(SETTINGS)
    async def show_settings(visitor: Annotated[Visitor, Depends(keepers)]) -> Response:
        return await pages.settings(visitor)

    @site.get(f"{HOME}/lavoro.css", dependencies=[Depends(context.require("public"))])
    async def show_style() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    site.include_router(login_router(context, login, HOME, (*STAFF, *KEEPERS), pages.say))
    return site
