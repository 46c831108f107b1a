"""The settings page: the register in force, the files it comes from, and how to change them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from chassis.service import ServiceContext
from routing.entrypoints.pages.layout import MAINTAINERS, SETTINGS, Layout
from routing.queries.registers import register_in_force
from webkit.login import Login, SessionGuard, Visitor


def settings_router(context: ServiceContext, login: Login, layout: Layout) -> APIRouter:
    """The route of the settings page, for coordinators and ops."""
    router = APIRouter()
    guard = SessionGuard(context, login, MAINTAINERS, lambda _: layout.notice)

    @router.get(SETTINGS)
    async def show_settings(visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        register = await register_in_force(context)
        return layout.page("settings.html", visitor, SETTINGS, register=register)

    return router
