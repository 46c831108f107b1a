"""Names of reports, read from intake over HTTP for the pages of staff."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from chassis.errors import Unavailable
from notify.domain.letters import ReportName


class HttpReportNames:
    """The names that intake has now; nothing is cached."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def of(self, report_ids: Sequence[str]) -> Mapping[str, ReportName]:
        """The names of at most 100 reports by id, as far as they are known; raises Unavailable when intake does not answer."""
        return await self._ask({"report_id": sorted(set(report_ids))}) if report_ids else {}

    async def with_code(self, tracking_code: str) -> Mapping[str, ReportName]:
        """The reports with this tracking code, as a person types it; raises Unavailable when intake does not answer."""
        return await self._ask({"tracking_code": tracking_code})

    async def of_same_person(self, report_id: str) -> Sequence[str]:
        """The ids of the reports of one person, the newest first; raises Unavailable when intake does not answer."""
        found = await self._get(f"/internal/people/{report_id}", {}, "report_ids")
        return [str(one) for one in found]

    async def _ask(self, wanted: Mapping[str, Any]) -> Mapping[str, ReportName]:
        found = await self._get("/internal/names", wanted, "names")
        try:
            return {
                one: ReportName(str(name["tracking_code"]), name["category"], name["place"])
                for one, name in found.items()
            }
        except (LookupError, TypeError, AttributeError):
            raise Unavailable("intake answered a request for names with something else") from None

    async def _get(self, path: str, wanted: Mapping[str, Any], field: str) -> Any:
        """A field of the answer; anything but that answer is Unavailable."""
        try:
            response = await self._client.get(path, params=wanted)
            answer: Any = response.json() if response.status_code == 200 else None
            return answer[field]
        except httpx.HTTPError as error:
            raise Unavailable(f"intake does not answer ({type(error).__name__})") from None
        except (ValueError, LookupError, TypeError):
            raise Unavailable(f"intake answered {response.status_code} to a request for {field}") from None
