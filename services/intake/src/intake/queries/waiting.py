"""Queries for waiting items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.documents import AtLeast, Index
from chassis.service import ServiceContext
from intake.domain.waiting import WaitingItem, WaitingState
from intake.handlers.documents import WAITING

INDEXES = (
    Index(WAITING.name, (("state.state", 1), ("state.received_at", 1))),
    Index(WAITING.name, (("state.operator", 1), ("state.state", 1), ("state.received_at", 1))),
)


@dataclass(frozen=True)
class Page:
    """One page of items, the longest waiting first; `after` is where the next page begins, or None."""

    items: Sequence[WaitingItem]
    after: datetime | None


async def waiting_item(context: ServiceContext, item_id: str) -> WaitingItem | None:
    """The item with this id, or None."""
    return await context.load(WAITING, item_id)


async def waiting_items(
    context: ServiceContext, operator: str | None, since: datetime | None, limit: int
) -> Page:
    """The items that wait, received since then; those that `operator` took down, or all."""
    where = _where(operator) | ({} if since is None else {"state.received_at": AtLeast(since)})
    found = await context.list(WAITING, where, [("state.received_at", 1), ("_id", 1)], limit + 1)
    return Page(found[:limit], found[limit].received_at if len(found) > limit else None)


def _where(operator: str | None) -> dict[str, Any]:
    where: dict[str, Any] = {"state.state": WaitingState.WAITING.value}
    return where if operator is None else where | {"state.operator": operator}
