"""Intake, asked over HTTP; nothing is cached."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from chassis.clients import http_client
from chassis.errors import Unavailable
from subsidies.domain.permissions import PermittedReport

# Somebody waits for the page.
TIMEOUT_SECONDS = 3.0
CONNECTIONS = 8
# The maximum of intake's endpoint.
REPORTS_PER_REQUEST = 100
CONTRIBUTION = "contribution"


def intake_client(intake_url: str, token: httpx.Auth) -> httpx.AsyncClient:
    """A client with pooled connections to intake that authenticates with our token."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return http_client(limits, auth=token, base_url=intake_url, timeout=TIMEOUT_SECONDS)


class HttpIntake:
    """What intake answers now."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def codes_of(self, report_ids: Sequence[str]) -> Mapping[str, str]:
        """The tracking codes, in requests of at most 100 reports; raises Unavailable for any other answer and for none."""
        wanted = sorted(set(report_ids))
        found: dict[str, str] = {}
        for first in range(0, len(wanted), REPORTS_PER_REQUEST):
            asked = {"report_id": wanted[first : first + REPORTS_PER_REQUEST]}
            names = await self._answer("GET", "/internal/names", "names", params=asked)
            try:
                found |= {str(one): str(name["tracking_code"]) for one, name in names.items()}
            except (LookupError, TypeError, AttributeError):
                raise Unavailable("intake answered a request for names with something else") from None
        return found

    async def permitted(self, permission: str, browser: str) -> PermittedReport | None:
        """The report, or None when intake says that there is none; raises Unavailable for any other answer and for none."""
        if not (permission and browser):
            return None
        body = {"permission": permission, "browser": browser}
        report = await self._answer("POST", "/internal/status-sessions", "report", json=body)
        if report is None:
            return None
        try:
            code, kind = str(report["tracking_code"]), report["kind"]
            return PermittedReport(str(report["report_id"]), code, kind == CONTRIBUTION)
        except (LookupError, TypeError):
            raise Unavailable("intake answered a request for a permission with something else") from None

    async def close(self) -> None:
        """Close the connections to intake."""
        await self._client.aclose()

    async def _answer(self, method: str, path: str, field: str, **asked: Any) -> Any:
        """A field of the answer; anything but that answer is Unavailable."""
        try:
            response = await self._client.request(method, path, **asked)
            answer: Any = response.json() if response.status_code == 200 else None
            return answer[field]
        except httpx.HTTPError as error:
            raise Unavailable(f"intake does not answer ({type(error).__name__})") from None
        except (ValueError, LookupError, TypeError):
            raise Unavailable(f"intake answered {response.status_code} to a request for {field}") from None
