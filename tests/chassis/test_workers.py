"""Two lanes of one consumer: what holds one up holds up its own partitions, and the pauses grow all the same."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from tests.chassis.ledger import NOW, a_store, record, registered, report_id, unit_of_work

from chassis.consumer.claims import Claims
from chassis.consumer.delivery import Delivery
from chassis.consumer.subscription import BATCH, Subscription
from chassis.store.port import Store
from contracts.connection import Connection

TOPIC = "intake.reports"


class QuietSubscription(Subscription):
    """A subscription that fetches nothing by itself and remembers where it was sent."""

    def __init__(self) -> None:
        self.sought: list[tuple[int, int]] = []
        self.told: dict[int, int] = {}
        self.holds: set[TopicPartition] = set()
        self.paused = False

    @property
    def consumer(self) -> Any:
        return None

    @property
    def max_records(self) -> int:
        return BATCH

    @max_records.setter
    def max_records(self, records: int) -> None:
        raise AssertionError(f"a batch of two made the next one {records}")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition.partition, offset))

    def pause_partition(self, partition: TopicPartition) -> None:
        self.holds.add(partition)

    def resume_partition(self, partition: TopicPartition) -> None:
        self.holds.discard(partition)

    def pause(self) -> bool:
        self.paused = True
        return True

    def resume(self) -> None:
        self.paused = False

    async def commit(self, ends: Mapping[TopicPartition, int]) -> None:
        self.told |= {partition.partition: end for partition, end in ends.items()}


class QuietDelivery(Delivery):
    """Delivery that is handed its records by the test."""

    source: QuietSubscription

    def _subscribe(self, instance: str) -> Subscription:  # noqa: ARG002
        return QuietSubscription()

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        return dict.fromkeys(topics, "topic-id")

    async def _resume(self, seconds: float) -> None:
        assert seconds > 0


async def delivery_on(store: Store, kind: type[QuietDelivery] = QuietDelivery) -> QuietDelivery:
    claims = Claims("ledger", store, [await store.session(), await store.session()])
    made = kind("ledger", Connection(""), "one", [TOPIC], claims, unit_of_work(), lambda: NOW)
    for number in range(2):
        await claims.acquire(TopicPartition(TOPIC, number), "topic-id")
    return made


def raw(partition: int, offset: int, category: str) -> Any:
    report = 10 * partition + offset
    lies = record(registered(report, category), f"e-{partition}-{offset}", offset)
    return SimpleNamespace(
        topic=TOPIC,
        partition=partition,
        offset=offset,
        key=lies.key,
        value=lies.value,
        headers=lies.headers,
        timestamp=0,
    )


async def handled(delivery: QuietDelivery, records: Sequence[Any]) -> None:
    await delivery.handle_batch(records)
    async with delivery._quiesced():
        pass


async def opened(store: Store, report: int) -> bool:
    return await store.get("pages", report_id(report)) is not None


async def test_a_lane_that_cannot_go_on_is_sent_back_and_the_other_is_handled() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await handled(delivery, [raw(0, 0, "lift"), raw(1, 0, "away")])

    assert (await opened(store, 0), await opened(store, 10)) == (True, False)
    assert delivery.source.sought == [(1, 0)]
    assert delivery.pause_reason == "the printer's owner"
    assert {tp.partition: claim.next for tp, claim in delivery.claims.held.items()} == {0: 1, 1: 0}


async def test_the_pauses_grow_while_one_lane_cannot_go_on_and_begin_anew_after_all_could() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await handled(delivery, [raw(0, 0, "lift"), raw(1, 0, "away")])
    await handled(delivery, [raw(0, 1, "lift"), raw(1, 0, "away")])
    assert list(delivery._failures.values()) == [2]
    await handled(delivery, [raw(0, 2, "lift"), raw(1, 0, "roof")])

    assert delivery._failures == {}
    assert await opened(store, 10)


async def test_what_was_handed_over_behind_a_failure_is_not_handled_and_is_read_again() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await delivery.handle_batch([raw(1, 0, "away")])
    await handled(delivery, [raw(1, 1, "lift"), raw(0, 0, "lift")])

    assert (await opened(store, 10), await opened(store, 11), await opened(store, 0)) == (False, False, True)
    assert {tp.partition: claim.next for tp, claim in delivery.claims.held.items()} == {0: 1, 1: 0}
    await handled(delivery, [raw(1, 0, "roof"), raw(1, 1, "lift")])
    assert (await opened(store, 10), await opened(store, 11)) == (True, True)


async def test_records_are_taken_while_those_before_them_are_being_committed() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await delivery.handle_batch([raw(0, 0, "lift")])
    assert delivery.claims.held[TopicPartition(TOPIC, 0)].next == 0
    await handled(delivery, [raw(0, 1, "lift")])

    assert delivery.claims.held[TopicPartition(TOPIC, 0)].next == 2


async def test_what_was_fetched_before_a_claim_is_not_handled_after_it() -> None:
    store = await a_store()
    delivery = await delivery_on(store)
    delivery._assigned = {TopicPartition(TOPIC, 0)}
    del delivery.claims.held[TopicPartition(TOPIC, 0)]

    await delivery._claim_missing()  # while a batch of the topic before is on its way
    await handled(delivery, [raw(0, 0, "lift")])
    assert not await opened(store, 0)

    delivery.source.stale = False  # as the next fetch leaves it
    await handled(delivery, [raw(0, 0, "lift")])
    assert await opened(store, 0)


async def test_kafka_is_told_where_a_claimed_partition_stands() -> None:
    store = await a_store()
    former = await delivery_on(store)
    await handled(former, [raw(0, 0, "lift"), raw(0, 1, "roof")])
    delivery = await delivery_on(store)
    delivery.claims.held.clear()

    await delivery.on_partitions_assigned({TopicPartition(TOPIC, 0)})
    assert delivery.offset_committer._task is not None
    await delivery.offset_committer._task

    assert delivery.source.told == {0: 2}


async def test_a_hole_is_not_believed_of_what_was_fetched_before_its_place_was_sought() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await handled(delivery, [raw(1, 0, "away"), raw(1, 3, "lift")])  # the broker has no 1 and 2
    await handled(delivery, [raw(1, 3, "lift")])
    assert {tp.partition: claim.next for tp, claim in delivery.claims.held.items()} == {0: 0, 1: 0}

    await handled(delivery, [raw(1, 0, "roof"), raw(1, 3, "lift")])
    await handled(delivery, [raw(1, 3, "lift")])
    assert (await opened(store, 10), await opened(store, 13)) == (True, True)
