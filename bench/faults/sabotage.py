"""A service of this project with one guarantee removed, for the negative controls of a campaign.

`python -m bench.faults.sabotage routing --without inbox` runs the same plan with that one part replaced. Without that
option, `--stop-at point:nth` runs the real service, which pauses itself at a crash point and later resumes as a zombie.
"""

import argparse
import asyncio
import importlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import uvloop
from aiokafka import AIOKafkaProducer
from pymongo import WriteConcern

import chassis.store.mongo_session
from chassis.consumer.claims import Claims
from chassis.consumer.delivery import Delivery
from chassis.consumer.fetch_positions import Parts
from chassis.documents import Raw
from chassis.handling import Change, Reaction, Reactions
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log, set_up
from chassis.outbox.relay import Relay, Target
from chassis.runtime.process import Process
from chassis.runtime.server import run
from chassis.service import Plan
from chassis.store.mongo import Driver, MongoStore
from chassis.store.port import Transaction
from chassis.transaction.batch_processor import BatchProcessor, Effects
from chassis.transaction.inputs import Input
from chassis.transaction.unit_of_work import UnitOfWork

ONE = WriteConcern(1, j=False)
GUARANTEES = ("acknowledgement", "outbox", "sending", "inbox", "majority", "fence")


class AckFirst(Delivery):
    """Acknowledges a batch before it is handled."""

    async def _commit(self, parts: Parts, inputs: Sequence[Input]) -> None:
        ends = {partition: part.end for partition, part in parts.items()}
        session = self.claims.worker_of(next(iter(ends)))
        await session.transact(lambda tx: self.claims.fence(tx, ends))
        for partition, end in ends.items():
            self.claims.held[partition].fence = self.claims.held[partition].advanced(end)
        await self.committer.tell(ends)
        self.crash.at("ack.unhandled")
        await self.unit_of_work.run(session, inputs)


class NoFence(Claims):
    """Moves the fences without checking ownership."""

    async def fence(self, tx: Transaction, ends: Mapping[Any, int]) -> None:
        """Overwrite the fences."""
        await tx.upsert("fences", [self.held[tp].advanced(end) for tp, end in ends.items()])


class DualWrite(UnitOfWork):
    """Commits documents, then publishes the facts from memory."""

    send: Callable[[Sequence[Any]], Any] = print

    async def _write(self, tx: Transaction, processor: BatchProcessor) -> None:
        cast(Any, processor.effects).said = list(processor.effects.outbox)
        processor.effects.outbox.clear()
        await super()._write(tx, processor)


class ClearFirst(Relay):
    """Marks facts as sent before they are sent."""

    async def _send(self, producer: AIOKafkaProducer, target: Target, rows: Sequence[Raw]) -> list[Raw]:
        await self._mark_sent(rows)
        self.crash.at("clear.unsent")
        return await super()._send(producer, target, rows)


class LooseStore(MongoStore):
    """Writes with w:1 and without the journal."""

    def __init__(self, uri: str, database: str, driver: Driver) -> None:
        super().__init__(uri, database, driver)
        chassis.store.mongo_session._MAJORITY = ONE
        self._database.whole = self._database.whole.with_options(write_concern=ONE)


class NoInbox(UnitOfWork):
    """Writes no receipts."""

    async def _write(self, tx: Transaction, processor: BatchProcessor) -> None:
        processor.effects.inbox.clear()
        await super()._write(tx, processor)


@dataclass
class StopPoints(CrashPoints):
    """Pauses the process once at a crash point instead of killing it."""

    stop_at: str = ""
    stopped: dict[str, int] = field(default_factory=dict)

    def at(self, point: str) -> None:
        """Pass a crash point; send SIGSTOP on the nth pass of the configured one."""
        super().at(point)
        name, _, nth = self.stop_at.partition(":")
        if point == name:
            self.stopped[point] = self.stopped.get(point, 0) + 1
            if self.stopped[point] == int(nth or 1):
                os.kill(os.getpid(), signal.SIGSTOP)


class Sabotaged(Process):
    """One replica with a part replaced."""

    def __init__(self, plan: Plan, settings: Any, store: MongoStore, without: str, stop_at: str) -> None:
        super().__init__(plan, settings, store)
        self.without = without
        self.crash = self.unit_of_work.crash = self.relay.crash = StopPoints(
            settings.crash_at, stop_at=stop_at
        )
        if without == "inbox":
            self.unit_of_work.__class__ = NoInbox
        if without == "sending":
            self.relay.__class__ = ClearFirst
        if without == "outbox":
            self.unit_of_work.__class__ = DualWrite
            self.unit_of_work.woken = self._publish

    def _publish(self, effects: Effects, began: float) -> None:
        self._wake(effects, began)
        rows = getattr(effects, "said", [])
        if rows:
            self._task(self._send(rows))

    async def _send(self, rows: Sequence[Any]) -> None:
        self.crash.at("dual.unsent")
        producer = await self.relay._started_producer()
        for target, part in (await self.relay._targets(producer, rows)).items():
            await self.relay._send(producer, target, part)

    async def _start_delivery(self) -> None:
        waiting = asyncio.get_running_loop().create_task(super()._start_delivery())
        while self.delivery is None:
            await asyncio.sleep(0)
        if self.without == "acknowledgement":
            self.delivery.__class__ = AckFirst
        if self.without == "fence":
            self.delivery.claims.__class__ = NoFence
        await waiting


def forgetful(reactions: Reactions) -> Reactions:
    """The same reactions, except that the first handler ignores its documents.

    The project's own handlers check whether they ran before, which would hide the missing inbox.
    """
    lines = [cast(Reaction, reactions.get(type_)) for type_ in reactions.types()]
    return Reactions(*(_forgetting(line) if line.name == "open_case" else line for line in lines))


def _forgetting(line: Reaction) -> Reaction:
    def then(event: Any, _: Any, *rest: Any) -> Change:
        return line.then(event, None, *rest)

    return replace(line, then=then)


def serve(service: str, without: str, stop_at: str, forget: bool) -> None:
    """Run the service with the named part replaced."""
    settings = importlib.import_module(f"{service}.settings").Settings()
    plan: Plan = importlib.import_module(f"{service}.main").plan(settings)
    set_up(plan.name)
    if forget:
        plan = replace(plan, reactions=forgetful(plan.reactions))
    kind = LooseStore if without == "majority" else MongoStore

    async def main() -> None:
        store = kind(settings.store, settings.database, settings.driver)
        log("sabotaged", without=without, stop_at=stop_at)
        await run(Sabotaged(plan, settings, store, without, stop_at))

    uvloop.run(main())


def run_sabotage() -> None:
    """Parse the arguments and run the service."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults.sabotage", description=__doc__)
    parser.add_argument("service", choices=("intake", "routing", "subsidies", "notify"))
    parser.add_argument("--without", choices=GUARANTEES, default="")
    parser.add_argument("--forgetful", action="store_true", help="a handler that ignores existing documents")
    parser.add_argument("--stop-at", default="", help="pause at point:nth")
    args = parser.parse_args()
    serve(args.service, args.without, args.stop_at, args.forgetful)


if __name__ == "__main__":
    run_sabotage()
