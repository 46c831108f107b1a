"""The errors of Open311: every answer below /open311 that is no success is a list of codes and descriptions."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from chassis.errors import Refused, Unavailable
from chassis.web import log
from intake.app.open311_submissions import FaultyRequest
from intake.domain.draft_rules import MOST_CHARACTERS, Fault
from intake.entrypoints.api.open311.formats import Format, Value, rendered
from webkit.i18n import Language, Texts, chosen_language

# The statuses that the specification names, that of a rate limit, and that of a body that is too large.
_STATUSES = frozenset({403, 404, 405, 413, 429})
# The rules whose words people know from the form; the others are told as programs read them.
_LABELLED = frozenset(
    {"contact-name", "contact-email", "contact-phone", "description-too-long", "unreadable-text"}
)


@dataclass
class Faults(Exception):
    """What is wrong with a request."""

    descriptions: Sequence[str]
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


class Open311Route(APIRoute):
    """A route whose errors are those of Open311, in the format that the path ends with, else in XML."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that renders errors."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except (
                Faults,
                FaultyRequest,
                Refused,
                Unavailable,
                RequestValidationError,
                HTTPException,
            ) as error:
                return _rendered(request, error)

        return answer


def format_of(request: Request) -> Format:
    """The format of the answer: the end of the path."""
    return Format.JSON if request.url.path.endswith(".json") else Format.XML


def _rendered(request: Request, error: Exception) -> Response:
    faults = _faults(request, error)
    rows: list[Value] = [{"code": faults.status, "description": one} for one in faults.descriptions]
    response = rendered(format_of(request), "errors", rows, faults.status)
    response.headers.update(faults.headers)
    return response


def _faults(request: Request, error: Exception) -> Faults:
    if isinstance(error, Faults):
        return error
    if isinstance(error, FaultyRequest):
        return Faults(_in_words(request, error))
    if isinstance(error, Refused):
        words = " ".join(part for part in (error.detail, error.fix) if part)
        return Faults([words], _status(error.status), dict(error.headers or {}))
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return Faults([str(error.detail)], _status(error.status_code), dict(error.headers or {}))
    # A client tries again after a 503; it would not after the 400 that the specification has for a service that is down.
    log("unavailable", level=30, reason=str(error))
    return Faults(["A dependency is down; nothing was stored. Send it again."], 503)


def _status(status: int) -> int:
    """401 is 403 in Open311, and what it does not name is 400."""
    return 403 if status == 401 else status if status in _STATUSES else 400


def _invalid(error: RequestValidationError) -> Faults:
    rows = error.errors()
    if any(row["loc"][-1] == "format" for row in rows):
        return Faults(["There is no such format: end the path with .xml or .json."], 404)
    return Faults([f"{row['loc'][-1]}: {row['msg']}" for row in rows])


def _in_words(request: Request, error: FaultyRequest) -> Sequence[str]:
    """The faults in the reader's language, because they are about what a person wrote."""
    language = chosen_language(request, Texts.of("intake"))
    return [f"{fault.field}: {_words(fault, language)}" for fault in error.faults]


def _words(fault: Fault, language: Language) -> str:
    if fault.slug in _LABELLED:
        return language.label("fault", fault.slug, None, most=MOST_CHARACTERS)
    return f"{fault.detail} {fault.fix}"
