"""Sent events, whichever build sent them: each is found again once, in the order of sending, and nothing else is."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.chassis.ledger import NOW

from chassis.documents import Raw
from chassis.outbox.sent import FORMER, after, mark_sent, sent_between, unsent
from chassis.store.collections import OUTBOX
from chassis.store.memory import MemoryStore

FIRST, LAST = 2, 9  # milliseconds
sendings = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 3), st.sampled_from(["this build", "20261126", "20261127"])),
    max_size=40,
)


@given(sendings, st.integers(1, 5))
def test_every_event_sent_in_a_period_is_found_once_and_in_the_order_of_sending(
    sent: list[tuple[int, int, str]], together: int
) -> None:
    found = asyncio.run(_found(sent, together))

    wanted = sorted((ms, stamp) for ms, stamp, _ in sent if FIRST <= ms <= LAST)
    assert [(row["sent_at"], row["stamp"]) for row in found] == [
        (NOW + timedelta(milliseconds=ms), stamp) for ms, stamp in wanted
    ]
    assert len({row["_id"] for row in found}) == len(found)
    assert all(unsent(row) == _row(row["_id"], row["stamp"]) for row in found)


async def _found(sent: list[tuple[int, int, str]], together: int) -> list[Raw]:
    store = MemoryStore()
    await store.insert_missing(OUTBOX, [_row("waits", 1)])
    for number, (ms, stamp, by) in enumerate(sent):
        row, moment = _row(f"f{number}", stamp), NOW + timedelta(milliseconds=ms)
        if by == "this build":
            await store.insert_missing(OUTBOX, [row])
            await mark_sent(store, [row], moment + timedelta(microseconds=ms * 70))
        else:
            await store.insert_missing(FORMER + by, [row | {"sent_at": moment}])
    found: list[Raw] = []
    since, until = NOW + timedelta(milliseconds=FIRST), NOW + timedelta(milliseconds=LAST)
    while rows := (step := await sent_between(store, since, until, together))[0]:
        found, since = found + rows, after(step[1])
    return found


def _row(name: str, stamp: int) -> Raw:
    return {"_id": name, "slot": 5, "stamp": stamp}
