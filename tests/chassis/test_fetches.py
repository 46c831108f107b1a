"""A worker never waits for records while the library has received some for it, and none gets more than the limit."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from chassis.consumer.subscription import Fetched, Subscription

MINE, ALSO_MINE, OTHERS = (TopicPartition("intake.reports", number) for number in (0, 2, 1))
LIMIT = 4


class Received(Subscription):
    """A subscription whose library has received these records: like the real one it empties one partition after the other."""

    def __init__(
        self, *received: tuple[TopicPartition, int], unreadable: TopicPartition | None = None
    ) -> None:
        self.received = {tp: list(range(count)) for tp, count in received}
        self.unreadable, self.fetches = unreadable, 0
        self._shares = lambda: [[MINE, ALSO_MINE], [OTHERS]]
        self._step_over = self.read_separately

    @property
    def consumer(self) -> Any:
        return SimpleNamespace(assignment=lambda: frozenset(self.received), _fetcher=SimpleNamespace())

    async def _fetch(self, *only: TopicPartition, timeout_ms: int, max_records: int) -> Fetched:
        assert set(only) <= set(self.received), "the library raises for a partition that is not assigned"
        assert (timeout_ms == 0) == (self.fetches > 0), "only the first fetch may wait"
        self.fetches += 1
        found: Fetched = {}
        for tp, records in self.received.items():
            if max_records and (tp in only or not only):
                if tp == self.unreadable and not found:
                    raise CorruptRecordException
                found[tp], self.received[tp] = records[:max_records], records[max_records:]
                max_records -= len(found[tp])
        return {tp: records for tp, records in found.items() if records}

    async def read_separately(self, _: int) -> Fetched:
        return {OTHERS: ["read by ourselves"]}


async def test_a_full_fetch_is_completed_for_every_worker_and_none_gets_more_than_the_limit() -> None:
    source = Received((MINE, 9), (OTHERS, 9), (ALSO_MINE, 9))
    assert await source._getmany(1, LIMIT) == {MINE: [0, 1, 2, 3], OTHERS: [0, 1, 2, 3]}

    source = Received((MINE, 1), (OTHERS, 9), (ALSO_MINE, 9))
    assert await source._getmany(1, LIMIT) == {MINE: [0], OTHERS: [0, 1, 2, 3], ALSO_MINE: [0, 1, 2]}


async def test_a_fetch_that_is_not_full_has_everything_and_is_not_repeated() -> None:
    source = Received((MINE, 1), (OTHERS, 2))
    assert await source._getmany(1, LIMIT) == {MINE: [0], OTHERS: [0, 1]}
    assert source.fetches == 1


async def test_partitions_that_another_process_has_meanwhile_are_not_fetched() -> None:
    source = Received((MINE, 9))
    assert await source._getmany(1, LIMIT) == {MINE: [0, 1, 2, 3]}


async def test_records_that_the_library_cannot_read_are_read_by_ourselves_in_whichever_fetch_they_came() -> (
    None
):
    for order in (((MINE, 9), (OTHERS, 1)), ((OTHERS, 1), (MINE, 9))):
        source = Received(*order, unreadable=OTHERS)
        assert await source._getmany(1, LIMIT) == {OTHERS: ["read by ourselves"]}
