"""What the public pages share: the site, the visit of a browser, and the words for refusals."""

from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from chassis.service import ServiceContext
from chassis.web import SHOW
from intake.app.use_cases import UseCases
from intake.entrypoints.devices import Device
from webkit.csrf import CsrfTokens, Visit
from webkit.headers import SCRIPTED_PAGE_HEADERS
from webkit.i18n import Language
from webkit.site import Site

# The pages that load htmx: the search for a place answers while one types.
SCRIPTED = frozenset({"report/luogo.html"})


class Front:
    """The public pages' site and use cases."""

    def __init__(self, context: ServiceContext, use_cases: UseCases, site: Site, csrf: CsrfTokens) -> None:
        self.context, self.use_cases, self.site, self._csrf = context, use_cases, site, csrf

    def router(self, prefix: str = "") -> APIRouter:
        """A router for public pages; what they refuse is a page too. Its routes have its guards themselves, and are matched once."""

        async def refuse_with_page(request: Request) -> None:
            request.scope[SHOW] = partial(self.site.error_page, request)

        guards = [Depends(refuse_with_page), Depends(self.context.require("public"))]
        return APIRouter(prefix=prefix, include_in_schema=False, dependencies=guards)

    def visit(self, request: Request) -> Visit:
        """The browser of a request."""
        return Visit(self._csrf, request)

    def device(self, request: Request) -> Device:
        """The device of a request, which may have known the PIN of a code before."""
        return Device(self.use_cases.codes, request)

    def language(self, request: Request) -> Language:
        """The language of the reader."""
        return self.site.language(request)

    def page(
        self, request: Request, template: str, status: int = 200, visit: Visit | None = None, **values: object
    ) -> HTMLResponse:
        """A public page; one with a form needs the visit."""
        page = self.site.page(request, f"public/{template}", status, reader=visit, **values)
        if template in SCRIPTED:
            page.headers.update(SCRIPTED_PAGE_HEADERS)
        return page

    def redirect(
        self, request: Request, visit: Visit, path: str, done: str = "", again: bool = False
    ) -> Response:
        """To the page after a form, which tells what was done."""
        response = self.site.redirect(request, path, done, again)
        visit.remember(response)
        return response

    def fault(self, request: Request, slug: str, **values: object) -> str:
        """What the form says about a fault, and what to do."""
        return self.language(request).label("fault", slug, None, **values)

    async def words(self, request: Request, category: str, place_id: str) -> Mapping[str, str]:
        """The labels of category and place, in the language of the reader."""
        registers = self.use_cases.registers
        known = (await registers.categories()).category(category)
        words = await registers.words(self.language(request).code)
        place = (await registers.places()).place(place_id)
        return {
            "category": words.category(known) if known else category,
            "place": f"{place.label} ({place.province_label})" if place else place_id,
        }
