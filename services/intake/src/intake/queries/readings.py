"""Queries for the audit of who read a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.documents import Index
from chassis.service import ServiceContext

READ = "read-report"
INDEXES = (Index("audit", (("details.report_id", 1), ("at", -1))),)
MOST = 500


@dataclass(frozen=True)
class ReadingView:
    """One showing of a report's personal text."""

    by: str
    roles: tuple[str, ...]
    at: datetime
    part: str


async def readings_of(context: ServiceContext, report_id: str) -> Sequence[ReadingView]:
    """Who read this report, latest first, at most the latest 500."""
    rows = await context.audited({"details.report_id": report_id, "action": READ}, MOST)
    return [
        ReadingView(row["by"], tuple(row["details"]["roles"]), row["at"], row["details"]["part"])
        for row in rows
    ]
