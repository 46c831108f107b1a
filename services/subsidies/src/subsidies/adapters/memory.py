"""Intake in memory, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chassis.errors import Unavailable
from subsidies.domain.permissions import PermittedReport


@dataclass
class MemoryIntake:
    """Tracking codes by report, and the report that each pair of cookies opens."""

    codes: dict[str, str] = field(default_factory=dict)
    open: dict[tuple[str, str], PermittedReport] = field(default_factory=dict)
    is_up: bool = True

    async def codes_of(self, report_ids: Sequence[str]) -> Mapping[str, str]:
        """The codes of these reports; raises Unavailable while intake is down."""
        self._answer()
        return {one: self.codes[one] for one in report_ids if one in self.codes}

    async def permitted(self, permission: str, browser: str) -> PermittedReport | None:
        """The report; raises Unavailable while intake is down."""
        self._answer()
        return self.open.get((permission, browser))

    def _answer(self) -> None:
        if not self.is_up:
            raise Unavailable("intake does not answer (down)")
