"""Records that change nothing need no transaction, and a partition knows whether anything of it was ever parked."""

from collections.abc import Collection, Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from tests.chassis.ledger import a_store
from tests.chassis.test_workers import TOPIC, QuietDelivery, delivery_on, handled, opened, raw

from chassis.documents import Raw
from chassis.store.collections import FENCES, PARKED, PARKED_KEYS
from chassis.store.memory_session import MemorySession, MemoryTransaction
from chassis.store.port import Store


def unknown(partition: int, offset: int) -> Any:
    """A record of a type that this service does not know."""
    found = raw(partition, offset, "lift")
    found.headers = [
        (name, b"report-moved.v9" if name == "ce_type" else value) for name, value in found.headers
    ]
    return found


async def fences(store: Store) -> list[int]:
    return [row["next"] for row in await store.query(FENCES, {}, [("_id", 1)])]


def positions(delivery: QuietDelivery) -> list[int]:
    return [claim.next for _, claim in sorted(delivery.claims.held.items())]


async def test_what_changes_nothing_is_passed_over_and_the_next_transaction_of_its_worker_moves_its_fence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, transactions = await a_store(), list[bytes]()
    delivery, transact = await delivery_on(store), MemorySession.transact

    async def heard(session: MemorySession, work: Any) -> Any:
        transactions.append(session.id)
        return await transact(session, work)

    monkeypatch.setattr(MemorySession, "transact", heard)
    await handled(delivery, [unknown(0, 0), unknown(1, 0)])

    assert transactions == []
    assert (positions(delivery), await fences(store)) == ([1, 1], [0, 0])
    await handled(delivery, [raw(0, 1, "lift"), unknown(0, 2), unknown(1, 1)])
    assert (positions(delivery), await fences(store)) == ([3, 2], [3, 0])
    await delivery.batch_committer.move_fences()
    assert (positions(delivery), await fences(store)) == ([3, 2], [3, 2])
    assert not delivery.claims.passed()
    assert len(transactions) == 2


async def test_a_successor_passes_over_again_and_the_former_owner_stops_at_its_fence() -> None:
    store = await a_store()
    former = await delivery_on(store)
    await handled(former, [unknown(0, 0), unknown(1, 0)])

    successor = await delivery_on(store)
    await handled(successor, [unknown(0, 0), raw(0, 1, "lift")])
    await former.batch_committer.move_fences()

    assert (positions(successor), await fences(store)) == ([2, 0], [2, 0])
    assert former.claims.held == {}
    assert await opened(store, 1)


async def test_a_partition_is_lost_behind_a_fence_that_moves_along_and_the_others_go_on() -> None:
    store = await a_store()
    former = await delivery_on(store)
    await former.claims.acquire(TopicPartition(TOPIC, 2), "topic-id")
    await handled(former, [unknown(2, 0)])
    await (await delivery_on(store)).claims.acquire(TopicPartition(TOPIC, 2), "topic-id")
    for number in range(2):
        await former.claims.acquire(TopicPartition(TOPIC, number), "topic-id")

    await handled(former, [raw(0, 0, "lift")])
    assert TopicPartition(TOPIC, 2) not in former.claims.held
    await handled(former, [raw(0, 0, "lift")])

    assert await opened(store, 0)


async def asked_for(
    delivery: QuietDelivery, records: Sequence[Any], monkeypatch: pytest.MonkeyPatch
) -> set[str]:
    """The collections that are asked while these records are handled."""
    asked, rows = set[str](), MemoryTransaction._rows

    def heard(tx: MemoryTransaction, collection: str, ids: Collection[str]) -> dict[str, Raw]:
        asked.add(collection)
        return rows(tx, collection, ids)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryTransaction, "_rows", heard)
        await handled(delivery, records)
    return asked


async def test_parked_keys_are_asked_for_from_the_first_parked_record_on_and_by_every_later_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = await a_store()
    former = await delivery_on(store)

    assert PARKED_KEYS not in await asked_for(former, [raw(0, 0, "lift")], monkeypatch)
    await handled(former, [raw(0, 1, "bug")])
    assert PARKED_KEYS in await asked_for(former, [raw(0, 2, "lift")], monkeypatch)
    again = raw(0, 3, "lift")
    again.key = raw(0, 1, "bug").key
    successor = await delivery_on(store)
    assert PARKED_KEYS in await asked_for(successor, [again], monkeypatch)

    assert [row["reason"] for row in await store.query(PARKED, {}, [("_id", 1)])] == ["failed", "behind"]
