"""What subsidies asks intake for; the port has a real adapter and one in memory."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from subsidies.domain.permissions import PermittedReport


class Intake(Protocol):
    """Intake, as far as it says what reports are called and who may see one."""

    async def codes_of(self, report_ids: Sequence[str]) -> Mapping[str, str]:
        """The tracking codes of these reports, as far as they are known; raises Unavailable when intake does not answer."""
        ...

    async def permitted(self, permission: str, browser: str) -> PermittedReport | None:
        """The report that the browser with these cookies may see now, or None; raises Unavailable as `codes_of` does."""
        ...
