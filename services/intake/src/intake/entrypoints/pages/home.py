"""The home page, the listening points, and the pages about personal data and accessibility."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.opening_hours import opening_hours


def home_router(front: Front) -> APIRouter:
    """The routes of the pages that need no form."""
    router = front.router()

    @router.get("/")
    async def show_home(request: Request) -> HTMLResponse:
        points = opening_hours(front.site.agency, front.language(request))
        return front.page(request, "home.html", points=points)

    @router.get("/punti-di-ascolto")
    async def show_listening_points(request: Request) -> HTMLResponse:
        points = opening_hours(front.site.agency, front.language(request))
        return front.page(request, "listening_points.html", points=points)

    @router.get("/privacy")
    async def show_privacy(request: Request) -> HTMLResponse:
        return front.page(request, "privacy.html")

    @router.get("/accessibilita")
    async def show_accessibility(request: Request) -> HTMLResponse:
        return front.page(request, "accessibility.html")

    return router
