"""This project: a real process with its runtime, a table of reactions and a pure handler."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from bench.events import reports
from bench.variants.rules import opened
from bench.variants.task import CASES, Task, until_terminated
from chassis.documents import Collection
from chassis.handling import Change, Moment, Reactions, ignore, on
from chassis.ids import uuid7
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import set_up
from chassis.runtime.process import Process
from chassis.service import Plan
from chassis.settings import ServiceSettings
from chassis.store.mongo import MongoStore
from chassis.transaction.batch_processor import Effects
from contracts.intake import ReportAmended, ReportRegistered, ReportReopened, ReportWithdrawn
from contracts.routing import CaseOpened
from contracts.topics import BY_NAME

SLOTS = 24


@dataclass(frozen=True)
class Case:
    """What is stored of a report."""

    report_id: str
    route: str
    rule: str
    urgency: str
    place_id: str
    neighbourhood: str
    due_at: datetime
    opened_at: datetime
    times: int


@dataclass(frozen=True)
class OpenCase:
    """A command that publishes one fact."""

    event: ReportRegistered


def plan_of(task: Task) -> Plan:
    """A service that opens a case for each report."""
    record = cast(type[CaseOpened], type("CaseOpened", (CaseOpened,), {"topic": task.facts}))
    BY_NAME[task.facts] = replace(
        BY_NAME[CaseOpened.topic], name=task.facts
    )  # each run publishes to its own topic
    cases = Collection(CASES, Case, lambda case: case.report_id, publishes=(task.facts,))

    def open_case(event: ReportRegistered, case: Case | None, moment: Moment) -> Change:
        fact, times = opened(event, record), case.times + 1 if case else 1  # counts repeated effects
        opened_case = Case(
            event.report_id,
            fact.route,
            fact.rule,
            event.urgency,
            event.place_id,
            event.neighbourhood,
            fact.due_at,
            moment.now,
            times,
        )
        return Change(write=[cases.put(opened_case)], events=[fact])

    def open_from_command(command: OpenCase, case: Case | None, moment: Moment) -> Change:
        return open_case(command.event, case, moment)

    reactions = Reactions(
        on(ReportRegistered, lambda event: (cases[event.report_id],), open_case),
        on(OpenCase, lambda command: (cases[command.event.report_id],), open_from_command),
        ignore(ReportAmended, ReportReopened, ReportWithdrawn),
    )
    return Plan(
        task.database, reactions, [cases], lambda _: (), subscribes=(task.reports,) if task.reports else ()
    )


def process_of(task: Task) -> Process:
    """The process as a service's main builds it."""
    folder = Path(task.folder)
    settings = ServiceSettings(
        kafka=task.kafka.servers,
        kafka_user=task.kafka.user,
        kafka_password=SecretStr(task.kafka.password),
        mongo=task.mongo,
        database=task.database,
        port=0,
        instance="bench-0",
        stage="development",
        issuer="http://issuer.example",
        secret=folder / "intake.secret",
        seed=folder,
        slots=SLOTS,
        driver="pymongo" if task.variant == "ours-pymongo" else "motor",
    )
    return Process(plan_of(task), settings, MongoStore(task.mongo, task.database, settings.driver))


async def serve(task: Task) -> None:
    """Consume, and relay when this process holds the slots, until killed."""
    set_up(task.database)
    process = process_of(task)
    await process.open()
    await until_terminated()


@dataclass
class AckTimer(CrashPoints):
    """Records when the relay passes the point after the broker's acknowledgement; never crashes."""

    acknowledged: "asyncio.Event" = field(default_factory=asyncio.Event)
    at_time: float = 0.0

    def at(self, point: str) -> None:
        """Record the time."""
        if point == "relay.sent":
            self.at_time = time.perf_counter()
            self.acknowledged.set()


async def time_relay(task: Task) -> None:
    """Commit single facts at intervals and print for each the milliseconds from its commit to its acknowledgement."""
    process = process_of(task)
    ack_timer = process.relay.crash = AckTimer()
    committed: list[float] = []
    wake = process.unit_of_work.woken

    def note_and_wake(effects: Effects, began: float) -> None:
        committed.append(time.perf_counter())
        wake(effects, began)

    process.unit_of_work.woken = note_and_wake
    await process.open()
    for number, record in enumerate(reports(7, task.facts_to_time + 10)):
        await asyncio.sleep(0.05)
        ack_timer.acknowledged.clear()
        event = ReportRegistered.read(record.body)
        await process.commands.run(OpenCase(event), id=uuid7(record.at), key=event.report_id)
        await asyncio.wait_for(ack_timer.acknowledged.wait(), 10)
        if number >= 10:  # the first ones start the producer
            print(f"took {(ack_timer.at_time - committed[-1]) * 1000:.3f}", flush=True)
    print("done", flush=True)
