"""Rebuilding documents from history: the same events through the same handlers, to compare with the live documents or replace them.

The shadow is a set of collections (`shadow_…`) with its own receipts; it publishes no events and starts no timers or jobs. History reaches back
as far as the topics' retention, and contains only events: documents that commands or timers changed will differ.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.consumer.records import read, record_from
from chassis.documents import AtLeast, Collection, Raw
from chassis.errors import Misuse
from chassis.fields import instant_word
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.runtime.plan import Plan
from chassis.settings import ServiceSettings
from chassis.store.collections import COLLECTIONS, INDEXES
from chassis.store.mongo import MongoStore
from chassis.store.port import Store, Transaction
from chassis.transaction.batch_processor import Effects
from chassis.transaction.inputs import Input
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.connection import Connection

PAGE = 500


class SilentUnitOfWork(UnitOfWork):
    """A unit of work that writes only documents and receipts, no events, timers or jobs."""

    async def _write(self, tx: Transaction, processor: Any) -> None:
        effects: Effects = processor.effects
        effects.outbox.clear()
        effects.timers.clear()
        effects.jobs.clear()
        effects.cancelled.clear()
        await super()._write(tx, processor)


@dataclass
class Comparison:
    """The documents of one collection in the shadow, compared with the live ones."""

    collection: str
    same: int = 0
    different: list[str] = field(default_factory=list)
    only_live: list[str] = field(default_factory=list)
    only_shadow: list[str] = field(default_factory=list)


@dataclass
class Shadow:
    """A service's plan over the live store and the shadow."""

    plan: Plan
    slots: int
    live: Store
    store: Store

    async def prepare(self) -> None:
        """Create the shadow's collections, and copy the reference data in force."""
        names = [*COLLECTIONS, *(collection.name for collection in self.plan.collections)]
        await self.store.ensure(names, [*INDEXES, *self.plan.indexes])
        for collection in self.plan.collections:
            if collection.reference:
                await self.store.insert_missing(collection.name, await self.live.query(collection.name, {}))

    async def rebuild(self, batches: AsyncIterator[Sequence[Input]]) -> dict[str, int]:
        """Handle batches of inputs in the shadow; returns how many ended in each way."""
        metrics = Metrics(self.plan.name)
        unit_of_work = SilentUnitOfWork(
            self.plan.name, self.slots, self.plan.reactions, metrics, CrashPoints(), woken=lambda *_: None
        )
        session = await self.store.session()
        ended: dict[str, int] = {}
        async for batch in batches:
            for outcome in await unit_of_work.run(session, batch):
                ended[outcome.result.value] = ended.get(outcome.result.value, 0) + 1
        await session.close()
        return ended

    async def compare(self, collection: Collection[Any]) -> Comparison:
        """Compare each document of the shadow with the live one, by its state."""
        found = Comparison(collection.name)
        live = {row["_id"]: _state(collection, row) async for row in _all(self.live, collection.name)}
        async for row in _all(self.store, collection.name):
            if row["_id"] not in live:
                found.only_shadow.append(row["_id"])
            elif live.pop(row["_id"]) == _state(collection, row):
                found.same += 1
            else:
                found.different.append(row["_id"])
        found.only_live = sorted(live)
        return found

    async def swap(self, collection: Collection[Any]) -> int:
        """Replace the live documents of a read model by the shadow's; returns how many changed.

        Raises Misuse for documents that publish events, because published events describe the live ones.
        """
        if collection.publishes:
            raise Misuse(
                f"{collection.name} publishes on{', '.join(collection.publishes)}: only read models are swapped"
            )
        session, changed = await self.live.session(), 0
        async for row in _all(self.store, collection.name):
            before = await self.live.get(collection.name, row["_id"])
            if before is not None and _state(collection, before) == _state(collection, row):
                continue
            await session.transact(lambda tx, row=row, before=before: _put(tx, collection.name, row, before))  # type: ignore[misc]
            changed += 1
        await session.close()
        return changed


async def _put(tx: Transaction, name: str, row: Raw, before: Raw | None) -> None:
    if before is None:
        await tx.insert(name, [row | {"version": 1}])
    else:
        guard = {"_id": row["_id"], "version": before["version"]}
        beside = {field: value for field, value in before.items() if field not in ("state", "schema")}
        state = {field: row[field] for field in ("state", "schema") if field in row}
        await tx.replace(name, [(guard, beside | state | {"version": before["version"] + 1})])


def _state(collection: Collection[Any], row: Raw) -> Raw | None:
    """The state in the form that this build writes, whichever build wrote it."""
    state: Raw | None = row["state"]
    return None if state is None else collection.present(state, row.get("schema", 1))


async def _all(store: Store, collection: str) -> AsyncIterator[Raw]:
    last = ""
    while rows := await store.query(collection, {"_id": AtLeast(last)}, [("_id", 1)], PAGE):
        fresh = [row for row in rows if row["_id"] != last]
        for row in fresh:
            yield row
        if len(rows) < PAGE:
            return
        last = rows[-1]["_id"]


async def history(
    kafka: Connection, topics: Sequence[str], since: datetime | None
) -> AsyncIterator[Sequence[Input]]:
    """All records of the topics from a time (or their beginning) to their current end, in batches."""
    consumer = AIOKafkaConsumer(*topics, **kafka.aiokafka(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = sorted(consumer.assignment())
        ends = {place: end for place, end in (await consumer.end_offsets(places)).items() if end}
        for place, offset in (await _starts(consumer, list(ends), since)).items():
            consumer.seek(place, offset)
            if offset >= ends[place]:
                del ends[place]
        while ends:
            for place, raws in (await consumer.getmany(timeout_ms=500, max_records=PAGE)).items():
                wanted = [raw for raw in raws if raw.offset < ends.get(place, 0)]
                if wanted:
                    yield [read(record_from(raw), raw.timestamp) for raw in wanted]
                if raws[-1].offset + 1 >= ends.get(place, 0):
                    ends.pop(place, None)
    finally:
        await consumer.stop()


async def _starts(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], since: datetime | None
) -> dict[TopicPartition, int]:
    begins: dict[TopicPartition, int] = await consumer.beginning_offsets(places)
    if since is None:
        return begins
    wanted = {place: int(since.timestamp() * 1000) for place in places}
    found = await consumer.offsets_for_times(wanted)
    ends = await consumer.end_offsets(places)
    return {place: found[place].offset if found.get(place) else ends[place] for place in places}


async def _run(plan: Plan, settings: ServiceSettings, asked: argparse.Namespace) -> dict[str, Any]:
    live = MongoStore(settings.store, settings.database, settings.driver)
    store = MongoStore(settings.store, settings.database, settings.driver, prefix="shadow_")
    shadow = Shadow(plan, settings.slots, live, store)
    await shadow.prepare()
    topics = [asked.topic] if asked.topic else list(plan.subscribes)
    ended = await shadow.rebuild(history(settings.connection, topics, asked.since))
    wanted = [one for one in plan.collections if not one.reference]
    comparisons = [vars(await shadow.compare(one)) for one in wanted]
    swapped = {one.name: await shadow.swap(one) for one in wanted if one.name == asked.swap}
    await live.close()
    await store.close()
    return {"replayed": ended, "compared": comparisons, "swapped": swapped}


def main(plan: Plan, settings: ServiceSettings, words: Sequence[str]) -> int:
    """Rebuild into the collections `shadow_…`, print the comparison, and swap one read model if requested."""
    parser = argparse.ArgumentParser(prog=f"python -m {plan.name} replay", description=__doc__)
    parser.add_argument("--topic", help="one topic; default: all that the service subscribes to")
    parser.add_argument(
        "--since",
        type=instant_word,
        help="RFC 3339 time to begin at; default: the topics' retention",
    )
    parser.add_argument("--swap", help="name of a read model to put in place of the live one")
    found = asyncio.run(_run(plan, settings, parser.parse_args(words)))
    json.dump(found, sys.stdout, indent=1)
    print()  # noqa: T201
    return 0
