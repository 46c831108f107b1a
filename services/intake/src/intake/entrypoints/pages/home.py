"""The home page, the listening points, and the pages about personal data and accessibility."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from intake.entrypoints.pages.front import Front
from webkit.agency import ListeningPoint
from webkit.i18n import Language
from webkit.i18n.formats import listed

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def home_router(front: Front) -> APIRouter:
    """The routes of the pages that need no form."""
    router = APIRouter()

    @router.get("/")
    async def show_home(request: Request) -> HTMLResponse:
        return front.page(request, "home.html", points=opening_hours(front, request))

    @router.get("/punti-di-ascolto")
    async def show_listening_points(request: Request) -> HTMLResponse:
        return front.page(request, "listening_points.html", points=opening_hours(front, request))

    @router.get("/privacy")
    async def show_privacy(request: Request) -> HTMLResponse:
        return front.page(request, "privacy.html")

    @router.get("/accessibilita")
    async def show_accessibility(request: Request) -> HTMLResponse:
        return front.page(request, "accessibility.html")

    return router


def opening_hours(front: Front, request: Request) -> Sequence[Mapping[str, object]]:
    """The listening points with their hours in words."""
    language = front.language(request)
    return [_point(one, language) for one in front.site.agency.listening_points]


def _point(point: ListeningPoint, language: Language) -> Mapping[str, object]:
    hours = [
        {"days": _days(row.days, language), "opens": row.opens, "closes": row.closes} for row in point.hours
    ]
    return {"point": point, "hours": hours}


def _days(days: Sequence[str], language: Language) -> str:
    names = language.locale.days["stand-alone"]["wide"]
    return listed([str(names[_DAYS.index(day)]) for day in days], language)
