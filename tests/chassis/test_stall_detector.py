"""Progress: a partition that the client library has lost sight of is seen all the same, and what rests is not stuck."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import TopicPartition
from tests.chassis.ledger import a_store, unit_of_work
from tests.chassis.test_workers import TOPIC, QuietDelivery, QuietSubscription, delivery_on

from chassis.consumer.claims import Claims
from chassis.consumer.stall_detector import ASK_SECONDS, StallDetector
from chassis.consumer.subscription import Subscription
from chassis.errors import Unavailable

SEEN, UNSEEN = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
PATIENCE = 45.0


class TwoWords(QuietSubscription):
    """A subscription whose client library knows less than its broker."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[TopicPartition, int | None] = {SEEN: 0, UNSEEN: 0}
        self.true: dict[TopicPartition, int] = {SEEN: 0, UNSEEN: 0}
        self.first: dict[TopicPartition, int] = {SEEN: 0, UNSEEN: 0}
        self.away = False

    @property
    def consumer(self) -> Any:
        return self

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.known[partition]

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        if self.away:
            raise Unavailable("kafka: away")
        return {partition: self.true[partition] for partition in partitions}

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {partition: self.first[partition] for partition in partitions}


class Reader:
    """Looks on while the seconds pass."""

    def __init__(self, claims: Claims) -> None:
        self.now, self.source, self.claims = 0.0, TwoWords(), claims
        self.stall_detector = StallDetector(
            "ledger", claims, self.source, unit_of_work().metrics, lambda: self.now
        )

    @classmethod
    async def with_two_partitions(cls) -> "Reader":
        store = await a_store()
        claims = Claims("ledger", store, [await store.session(), await store.session()])
        for partition in (SEEN, UNSEEN):
            await claims.acquire(partition, "topic-id")
        return cls(claims)

    def handle(self, partition: TopicPartition, end: int) -> None:
        claim = self.claims.held[partition]
        claim.fence = claim.advanced(end)
        self.stall_detector.progressed()

    async def pass_time(self, seconds: int) -> bool:
        for _ in range(seconds):
            self.now += 1
            await self.stall_detector.check()
        return self.stall_detector.is_stalled(PATIENCE)


@pytest.mark.parametrize("known", [0, None])
async def test_a_partition_that_is_not_fetched_any_more_is_seen_though_the_other_goes_on(
    known: int | None,
) -> None:
    reader = await Reader.with_two_partitions()
    reader.source.known[UNSEEN], reader.source.true[UNSEEN] = known, 7
    for n in range(1, 40):
        reader.handle(SEEN, n)
        assert not await reader.pass_time(1)

    for n in range(40, 60):
        reader.handle(SEEN, n)
        still = await reader.pass_time(1)

    assert still
    reader.handle(UNSEEN, 7)
    assert not await reader.pass_time(int(ASK_SECONDS) + 2)


async def test_a_partition_that_moves_is_not_stuck_however_far_behind_the_library_is() -> None:
    reader = await Reader.with_two_partitions()
    reader.source.true[UNSEEN] = 1_000

    for n in range(1, 20):
        reader.handle(UNSEEN, n)
        assert not await reader.pass_time(10)


async def test_what_the_library_knows_and_nobody_handles_stands_still() -> None:
    reader = await Reader.with_two_partitions()
    reader.source.known[SEEN] = 3

    assert not await reader.pass_time(40)
    assert await reader.pass_time(10)


async def test_a_broker_that_is_away_is_said_and_nothing_is_taken_for_stuck() -> None:
    reader = await Reader.with_two_partitions()
    reader.source.away = True

    with pytest.raises(Unavailable):
        await reader.pass_time(60)

    assert not reader.stall_detector.is_stalled(PATIENCE)


async def test_what_rested_is_counted_anew() -> None:
    reader = await Reader.with_two_partitions()
    reader.source.known[SEEN], reader.source.true[UNSEEN] = 3, 7
    await reader.pass_time(60)

    reader.stall_detector.reset()

    assert not await reader.pass_time(10)
    assert await reader.pass_time(45)


@pytest.mark.parametrize("known", [5, 0])
async def test_what_was_removed_unread_is_told_once_it_is_certain_that_nothing_moves(known: int) -> None:
    reader = await Reader.with_two_partitions()
    reader.source.known[SEEN], reader.source.true[SEEN] = known, 5
    reader.source.first |= {SEEN: 5, UNSEEN: 0}

    told = []
    for _ in range(2 * int(ASK_SECONDS) + 4):
        reader.now += 1
        told.append(await reader.stall_detector.check())

    assert [one for one in told if one] == [{SEEN: 5}]


async def test_a_group_that_never_says_what_is_ours_is_stuck_and_one_that_takes_its_time_is_not() -> None:
    reader = await Reader.with_two_partitions()
    reader.claims.held.clear()
    reader.stall_detector.left_group()

    assert not await reader.pass_time(2 * int(PATIENCE))
    assert await reader.pass_time(1)
    reader.stall_detector.joined_group()
    assert not await reader.pass_time(200)


async def test_whoever_lets_go_is_outside_until_the_group_has_said_what_is_ours() -> None:
    delivery = await delivery_on(await a_store())
    assert delivery.stall_detector.left_at is None

    await delivery.on_partitions_revoked({SEEN})
    assert delivery.stall_detector.left_at is not None
    await delivery.on_partitions_assigned(set())

    assert delivery.stall_detector.left_at is None


class Waiting(QuietDelivery):
    """Delivery whose broker can be away, and whose clock is turned by hand."""

    now = 0.0
    away = False

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._monotonic = self.stall_detector.monotonic = lambda: self.now

    def _subscribe(self, instance: str) -> Subscription:  # noqa: ARG002
        return TwoWords()

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        if self.away:
            raise Unavailable("kafka: away")
        return await super()._topic_ids(topics)

    async def watched(self, seconds: int) -> bool:
        for _ in range(seconds):
            self.now += 1
            with suppress(Unavailable):
                await self.watch()
        return self.is_stalled(PATIENCE)


async def test_nobody_is_stuck_outside_while_the_broker_is_away() -> None:
    delivery = await delivery_on(await a_store(), Waiting)
    assert isinstance(delivery, Waiting)
    await delivery.on_partitions_revoked({SEEN})
    delivery.away = True
    assert not await delivery.watched(300)

    delivery.away = False
    assert not await delivery.watched(80)
    assert await delivery.watched(20)


class Surprised(QuietDelivery):
    """Delivery whose first question about topics is answered as nobody has thought of."""

    asked = 0

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        self.asked += 1
        if self.asked == 1:
            raise AssertionError("no such answer")
        return await super()._topic_ids(topics)

    async def _resume(self, seconds: float) -> None:
        await super(QuietDelivery, self)._resume(seconds / 100)


async def test_a_claim_that_fails_in_an_unknown_way_is_tried_again_and_reading_goes_on() -> None:
    delivery = await delivery_on(await a_store(), Surprised)
    delivery.claims.held.clear()

    await delivery.on_partitions_assigned({SEEN, UNSEEN})
    assert (delivery.pause_reason, delivery.source.paused) == ("AssertionError", True)
    assert delivery._resuming is not None
    await delivery._resuming

    assert set(delivery.claims.held) == {SEEN, UNSEEN}
    assert (delivery.pause_reason, delivery.source.paused) == ("", False)
