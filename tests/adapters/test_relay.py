"""The relay on a real broker: a topic that is missing keeps nobody else waiting."""

import asyncio
import uuid
from typing import Any

import pytest

from chassis.clock import utc_now
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.outbox.relay import Relay
from chassis.store.memory import MemoryStore
from chassis.store.shard_leases import ShardLeases
from ops.provision import provision
from stack.system import System

pytestmark = pytest.mark.engines


def row(topic: str, sequence: int, subject: str) -> dict[str, Any]:
    return {
        "_id": uuid.uuid4().hex,
        "slot": 0,
        "stamp": sequence,
        "aggregatetype": topic,
        "aggregateid": subject,
        "type": "case-resolved.v1",
        "sequence": sequence,
        "time": utc_now(),
        "causation": "test",
        "payload": b"{}",
        "correlation": subject,
        "accepted": None,
        "traceparent": None,
    }


async def test_facts_for_a_topic_that_is_missing_wait_and_the_others_are_sent(engines: System) -> None:
    provision(engines.kafka.admin, 1)
    store = MemoryStore()
    await store.insert_missing("outbox", [row("nobody.made-it", 1, "a"), row("routing.cases", 2, "b")])
    slots = ShardLeases(store, "one", 1)
    await slots.reclaim()
    relay = Relay("relay", engines.kafka.admin, store, slots, Metrics("relay"), CrashPoints(), utc_now)

    assert await asyncio.wait_for(relay.sweep(), 30)

    rows = await store.query("outbox", {}, [("stamp", 1)])
    assert [(one["aggregatetype"], one.get("slot"), "sent_at" in one) for one in rows] == [
        ("nobody.made-it", 0, False),
        ("routing.cases", None, True),
    ]
    assert not await asyncio.wait_for(relay.sweep(), 5)
    await relay.stop()
