"""The pages of intake: those for tenants, those for staff, and in development the components that both are made of."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.pages.desk import desk_router
from intake.entrypoints.pages.desk_layout import HOME
from intake.entrypoints.pages.public import public_router
from webkit.agency import Agency
from webkit.csrf import CsrfTokens
from webkit.login import Login
from webkit.site import Site


class Sites:
    """The two sites of intake; `components` adds the page of the kit's components."""

    def __init__(
        self, agency: Agency, secret: bytes, login: Login, public_url: str, components: bool = False
    ) -> None:
        self._csrf, self._url, self._components = CsrfTokens(secret), public_url, components
        self.public = Site("intake", "", agency, secret)
        self.staff = Site("intake", HOME, agency, secret, login)
        self.staff.share(public_url=public_url.rstrip("/"))

    def routers(self, context: ServiceContext, use_cases: UseCases) -> Sequence[APIRouter]:
        """The routes of all pages."""
        pages = public_router(context, use_cases, self.public, self._csrf, self._url)
        kit = [self.public.components_router(context)] if self._components else []
        return (pages, desk_router(context, use_cases, self.staff), *kit)
