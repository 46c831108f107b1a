"""The language of a request: what the reader chose, else what the browser asks for, else Italian."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from webkit.addresses import own_path
from webkit.i18n.languages import PUBLIC, SOURCE, STAFF, Language
from webkit.i18n.texts import Texts

COOKIE = "lingua"
ONE_YEAR = 365 * 24 * 60 * 60
KEPT_HEADERS = 256  # a page asks for its language several times
LONGEST_HEADER = 500  # what browsers send has some dozens of characters


def chosen_language(request: Request, texts: Texts) -> Language:
    """The language of a public page."""
    chosen = request.cookies.get(COOKIE)
    if chosen in PUBLIC:
        return texts.language(chosen)
    return texts.language(preferred(request.headers.get("accept-language", ""), PUBLIC))


def staff_language(request: Request, texts: Texts) -> Language:
    """The language of a staff page: Italian unless the reader chose another that staff pages have."""
    chosen = request.cookies.get(COOKIE)
    return texts.language(chosen if chosen in STAFF else SOURCE)


def preferred(header: str, offered: Sequence[str]) -> str:
    """The offered language that an Accept-Language header likes best; Italian when it likes none."""
    return _preferred(header[:LONGEST_HEADER], tuple(offered))


@lru_cache(KEPT_HEADERS)
def _preferred(header: str, offered: tuple[str, ...]) -> str:
    ranges = [_range(one) for one in header.split(",")]
    for _, code in sorted(ranges, key=lambda one: -one[0]):
        if code in offered:
            return code
    return SOURCE


def _range(text: str) -> tuple[float, str]:
    tag, _, parameter = text.strip().partition(";")
    code = tag.strip().lower().partition("-")[0]
    quality = parameter.strip().removeprefix("q=").strip()
    try:
        weight = float(quality) if quality else 1.0
    except ValueError:
        weight = 0.0
    return (weight, code) if 0 < weight <= 1 else (0.0, "")


def language_routes(path: str = "/lingua", offered: Sequence[str] = PUBLIC) -> APIRouter:
    """The route that remembers a choice for a year and returns to the page it came from: `/lingua?lingua=ar&torna=/segnala`."""
    router = APIRouter(include_in_schema=False)

    @router.get(path)
    def follow(
        request: Request, lingua: Annotated[str, Query()] = "", torna: Annotated[str, Query()] = "/"
    ) -> RedirectResponse:
        return _remembered(request, lingua, torna, offered)

    @router.post(path)
    def choose(
        request: Request, lingua: Annotated[str, Form()] = "", torna: Annotated[str, Form()] = "/"
    ) -> RedirectResponse:
        return _remembered(request, lingua, torna, offered)

    return router


def _remembered(request: Request, wanted: str, back: str, offered: Sequence[str]) -> RedirectResponse:
    response = RedirectResponse(own_path(back), 303, {"Cache-Control": "no-store"})
    if wanted in offered:
        secure = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, wanted, max_age=ONE_YEAR, path="/", httponly=True, samesite="lax", secure=secure
        )
    return response
