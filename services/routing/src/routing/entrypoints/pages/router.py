"""All staff pages of routing but those for ops."""

from importlib import resources

from fastapi import APIRouter, Depends, Response

from chassis.service import ServiceContext
from routing.entrypoints.api.cases import STAFF
from routing.entrypoints.pages.board import board_router
from routing.entrypoints.pages.layout import HOME, MAINTAINERS, Layout
from routing.entrypoints.pages.settings import settings_router
from webkit.login import Login, login_router


def pages_router(context: ServiceContext, login: Login) -> APIRouter:
    """The board, the settings, the style sheet, and login and logout."""
    router, layout = APIRouter(include_in_schema=False), Layout(login)
    style = resources.files("routing").joinpath("web/static/lavoro.css").read_bytes()

    @router.get(f"{HOME}/lavoro.css", dependencies=[Depends(context.require("public"))])
    async def show_style() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    router.include_router(board_router(context, login, layout))
    router.include_router(settings_router(context, login, layout))
    router.include_router(login_router(context, login, (*STAFF, *MAINTAINERS), lambda _: layout.notice))
    return router
