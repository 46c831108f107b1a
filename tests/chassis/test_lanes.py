"""Two lanes of one consumer: what holds one up holds up its own partitions, and the pauses grow all the same."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from tests.chassis.ledger import NOW, a_store, record, registered, report_id, turns

from chassis.claims import Claims
from chassis.delivery import Delivery
from chassis.store import Store
from chassis.subscription import BATCH, Subscription
from contracts.connection import Connection

TOPIC = "intake.reports"


class QuietSubscription(Subscription):
    """A subscription that fetches nothing by itself and remembers where it was sent."""

    def __init__(self) -> None:
        self.sought: list[tuple[int, int]] = []

    @property
    def consumer(self) -> Any:
        return None

    @property
    def most(self) -> int:
        return BATCH

    @most.setter
    def most(self, records: int) -> None:
        raise AssertionError(f"a batch of two made the next one {records}")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition.partition, offset))

    def pause(self) -> bool:
        return True


class QuietDelivery(Delivery):
    """Delivery that is handed its records by the test."""

    source: QuietSubscription

    def _subscribe(self, instance: str) -> Subscription:  # noqa: ARG002
        return QuietSubscription()

    async def _resume(self, seconds: float) -> None:
        assert seconds > 0


async def delivery_on(store: Store) -> QuietDelivery:
    claims = Claims("ledger", store, [await store.lane(), await store.lane()])
    made = QuietDelivery("ledger", Connection(""), "one", [TOPIC], claims, turns(), lambda: NOW)
    for number in range(2):
        await claims.take(TopicPartition(TOPIC, number), "topic-id")
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


async def opened(store: Store, report: int) -> bool:
    return await store.get("pages", report_id(report)) is not None


async def test_a_lane_that_cannot_go_on_is_sent_back_and_the_other_is_handled() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await delivery.take([raw(0, 0, "lift"), raw(1, 0, "away")])

    assert (await opened(store, 0), await opened(store, 10)) == (True, False)
    assert delivery.source.sought == [(1, 0)]
    assert delivery.resting == "the printer's owner"
    assert {tp.partition: claim.next for tp, claim in delivery.claims.held.items()} == {0: 1, 1: 0}


async def test_the_pauses_grow_while_one_lane_cannot_go_on_and_begin_anew_after_all_could() -> None:
    store = await a_store()
    delivery = await delivery_on(store)

    await delivery.take([raw(0, 0, "lift"), raw(1, 0, "away")])
    await delivery.take([raw(0, 1, "lift"), raw(1, 0, "away")])
    assert delivery._rests == 2
    await delivery.take([raw(0, 2, "lift"), raw(1, 0, "roof")])

    assert delivery._rests == 0
    assert await opened(store, 10)
