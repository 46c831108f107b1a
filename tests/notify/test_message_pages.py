"""Staff pages through messages: every one that fits the filter is on one page, the newest first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.testing import MemoryService
from notify.domain.messages import EMAIL, Message, Status
from notify.handlers.documents import MESSAGES
from notify.queries.message_pages import MessageFilter, message_page

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
ANY = MessageFilter()


def message(number: int, hours: int, status: Status = Status.SENT, template: str = "case-opened") -> Message:
    written = MONDAY + timedelta(hours=hours)
    return Message(f"0190a000-0000-5000-8000-{number:012}", "report", template, EMAIL, status, written)


async def keep(service: MemoryService, *messages: Message) -> None:
    rows = [MESSAGES.put(one) for one in messages]
    stored = [{"_id": row.id, "version": 1, "state": MESSAGES.dump(row.state), "schema": 2} for row in rows]
    session = await service.store.session()
    await session.transact(lambda tx: tx.insert(MESSAGES.name, stored))


async def paged(service: MemoryService, wanted: MessageFilter, size: int) -> list[list[str]]:
    pages, start = [], None
    while True:
        page = await message_page(service.context, wanted, start, size)
        pages.append([one.message_id for one in page.messages])
        start = page.following
        if start is None:
            return pages


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
async def test_pages_have_every_message_once_and_the_newest_first(service: Any, size: int) -> None:
    messages = [message(number, hours=number // 3) for number in range(7)]
    await keep(service, *messages)

    pages = await paged(service, ANY, size)

    newest = sorted(messages, key=lambda one: (one.written_at, one.message_id), reverse=True)
    assert [one for page in pages for one in page] == [one.message_id for one in newest]
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)


async def test_a_filter_leaves_the_others_out(service: Any) -> None:
    failed, held = message(1, 0, Status.FAILED), message(2, 5, template="case-held")
    await keep(service, failed, held, message(3, 30))

    assert await paged(service, MessageFilter(status=Status.FAILED), 50) == [[failed.message_id]]
    assert await paged(service, MessageFilter(template="case-held"), 50) == [[held.message_id]]
    day = MessageFilter(first=MONDAY, last=MONDAY + timedelta(hours=12))
    assert await paged(service, day, 1) == [[held.message_id], [failed.message_id]]
    assert await paged(service, MessageFilter(last=MONDAY - timedelta(hours=1)), 50) == [[]]
