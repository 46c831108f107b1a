"""The rows of a list on their way: mapped, named, sent, and told in the list's order."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from intake.domain.imports import ImportMapping, Mapped, Rejected, map_row
from intake.entrypoints.csv_ids import RowIds
from intake.entrypoints.csv_result import Ended
from intake.entrypoints.csv_rows import Row
from intake.entrypoints.csv_sender import IN_FLIGHT, Away, Sender, not_sent

AHEAD = IN_FLIGHT * 4


@dataclass(frozen=True)
class Sending:
    """How rows are sent; with `former`, a report that has its former id keeps it."""

    mapping: ImportMapping
    ids: RowIds
    former: bool = False


async def import_rows(
    rows: Iterable[Row], sending: Sending, sender: Sender, keep: Callable[[Ended], None]
) -> Counter[str]:
    """Send every row that can be sent and tell `keep` how each ended, in the list's order; returns how many.

    Blank rows are left out. Of rows with one id the first that can be sent is sent.
    """
    counts: Counter[str] = Counter()
    ahead: deque[asyncio.Task[Ended]] = deque()
    lines: dict[str, int] = {}

    async def first() -> None:
        ended = await ahead.popleft()
        counts[ended.outcome] += 1
        keep(ended)

    for row in rows:
        if row.blank:
            continue
        ahead.append(
            asyncio.create_task(_one(row.line, _mapped(row, sending.mapping, lines), sending, sender))
        )
        if len(ahead) >= AHEAD:
            await first()
    while ahead:
        await first()
    return counts


def _mapped(row: Row, mapping: ImportMapping, lines: dict[str, int]) -> Mapped | Rejected:
    if row.trouble:
        return Rejected("", row.trouble)
    found = map_row(mapping, row.cells)
    if isinstance(found, Rejected):
        return found
    line = lines.setdefault(found.row_id, row.line)
    if line == row.line:
        return found
    return Rejected(found.row_id, f"line {line} has the same id: give each row an id of its own")


async def _one(line: int, found: Mapped | Rejected, sending: Sending, sender: Sender) -> Ended:
    if isinstance(found, Rejected):
        return Ended(line, found.row_id, "rejected", reason=found.reason)
    report_id, former = sending.ids.of(found.row_id), sending.ids.former(found.row_id)
    try:
        if sending.former and await sender.has(former):
            report_id = former
    except Away as away:
        return Ended(line, found.row_id, "rejected", reason=not_sent(away))
    sent = await sender.send(_body(report_id, found))
    return Ended(
        line, found.row_id, sent.outcome, "" if sent.outcome == "rejected" else report_id, sent.reason
    )


def _body(report_id: str, mapped: Mapped) -> dict[str, Any]:
    draft = mapped.draft
    return {
        "report_id": report_id,
        "category": draft.category,
        "place_id": draft.place_id,
        "description": draft.description,
        "language": draft.language,
        "channel": draft.channel,
        "heard_at": draft.heard_at and draft.heard_at.isoformat(),
    }
