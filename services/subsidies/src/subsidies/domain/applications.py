"""An application for a contribution and its states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from subsidies.domain.decisions import Outcome


class Status(StrEnum):
    """The state of an application; `awaiting-measure` means that no notice was open when it arrived."""

    AWAITING_MEASURE = "awaiting-measure"
    AWAITING_DATA = "awaiting-data"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Application:
    """One request for a contribution, opened by one report; `measure` is empty while no notice accepts it.

    `annulments` counts the annulled decisions: the decision in force is the one after them. `province` is the report's.
    """

    application_id: str
    report_id: str
    measure: str
    status: Status
    opened_at: datetime
    outcome: Outcome | None = None
    budget: str | None = None
    amount_cents: int = 0
    partial: bool = False
    decision_id: str | None = None
    decided_at: datetime | None = None
    annulments: int = 0
    province: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the application is neither decided nor withdrawn."""
        return self.status in (Status.AWAITING_DATA, Status.AWAITING_MEASURE)
