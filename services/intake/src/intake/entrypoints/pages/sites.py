"""The pages of intake: those for tenants, those for staff, and in development the components that both are made of."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.pages.desk import desk_router
from intake.entrypoints.pages.desk_layout import HOME
from intake.entrypoints.pages.field import CAMPO, field_router
from intake.entrypoints.pages.public import public_router
from intake.entrypoints.pages.session_layout import TALKS
from intake.entrypoints.pages.session_receipt import MakePdf
from intake.entrypoints.pages.talks import talks_router
from webkit.agency import Agency
from webkit.csrf import CsrfTokens
from webkit.login import Login
from webkit.site import Site


class Sites:
    """The sites of intake: public, staff, the listening sessions of operators and their app; `components` adds the page of the kit's components."""

    desk_home = HOME

    def __init__(
        self, agency: Agency, secret: bytes, login: Login, public_url: str, components: bool = False
    ) -> None:
        self._csrf, self._url, self._components = CsrfTokens(secret), public_url, components
        self.public = Site("intake", "", agency, secret)
        self.staff = Site("intake", HOME, agency, secret, login)
        self.talks = Site("intake", TALKS, agency, secret, login)
        self.field = Site("intake", CAMPO, agency, secret, login)
        for site in (self.staff, self.talks):
            site.share(public_url=public_url.rstrip("/"))

    def routers(self, context: ServiceContext, use_cases: UseCases, make_pdf: MakePdf) -> Sequence[APIRouter]:
        """The routes of all pages; `make_pdf` makes the sheets that people print."""
        pages = public_router(context, use_cases, self.public, self._csrf, self._url)
        kit = [self.public.components_router(context)] if self._components else []
        staff = desk_router(context, use_cases, self.staff)
        talks = talks_router(context, use_cases, self.talks, make_pdf)
        return (pages, staff, talks, field_router(context, use_cases, self.field), *kit)
