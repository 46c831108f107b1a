"""Queries for the audit of who read a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.documents import AnyOf, Index
from chassis.service import ServiceContext
from intake.queries.receipts import MADE, SHOWN

READ = "read-report"
INDEXES = (Index("audit", (("details.report_id", 1), ("at", -1))),)
MOST = 500


@dataclass(frozen=True)
class ReadingView:
    """One showing of a report's personal text, or of a PIN for it; `part` says what, and `make-pin` that a PIN was made."""

    by: str
    roles: tuple[str, ...]
    at: datetime
    part: str


async def readings_of(context: ServiceContext, report_id: str) -> Sequence[ReadingView]:
    """Who read this report and who made or saw a PIN for it, latest first, at most the latest 500."""
    where = {"details.report_id": report_id, "action": AnyOf((READ, MADE, SHOWN))}
    return [
        ReadingView(row["by"], tuple(details["roles"]), row["at"], details.get("part", row["action"]))
        for row in await context.audited(where, MOST)
        for details in (row["details"],)
    ]
