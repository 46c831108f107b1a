"""Spans of what runs in one process: their parents, their outcomes, and what they never hold."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from tests.simulation.services import (
    BACK,
    FRONT,
    REPORTS,
    START,
    OpenPage,
    Print,
    Printed,
    WriteLine,
    report_id,
)
from tests.tracing.collector import Collector, Seen, check_closed, collecting, parents

from chassis.consumer.records import read, record_from
from chassis.errors import Conflict, Unavailable
from chassis.handling import Change, Reactions, on
from chassis.http.app import build_app
from chassis.http.context import OpenGuard
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.observe.otlp import OtlpTracer
from chassis.observe.tracing import SpanName, child_span, current_traceparent, trace
from chassis.outbox.relay import Relay
from chassis.store.collections import JOBS
from chassis.store.memory import MemoryStore
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.jobs import Jobs
from chassis.tasks.timers import Timers
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Input, Lineage, Outcome, Result, Source
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.connection import Connection

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
ONE = report_id(1)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
async def tracer(collector: Collector) -> AsyncIterator[OtlpTracer]:
    made = OtlpTracer("front", "front-0", collector.url)
    yield made
    await made.close()


@dataclass(frozen=True)
class Appended:
    """A record as a client fetches it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


@dataclass
class MemoryProducer:
    """A producer whose batches hold `most` records each; `failure` is raised instead of an acknowledgement."""

    most: int = 100
    failure: Exception | None = None
    log: list[Appended] = field(default_factory=list)
    batch: list[dict[str, Any]] = field(default_factory=list)

    async def partitions_for(self, _: str) -> set[int]:
        return {0}

    def create_batch(self) -> "MemoryProducer":
        self.batch = []
        return self

    def append(self, **row: Any) -> object | None:
        if len(self.batch) == self.most:
            return None
        self.batch.append(row)
        return self

    async def send_batch(self, _: object, topic: str, *, partition: int) -> "asyncio.Future[None]":
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failure is not None:
            acknowledged.set_exception(self.failure)
            return acknowledged
        self.log += [Appended(topic, partition, len(self.log) + n, **row) for n, row in enumerate(self.batch)]
        acknowledged.set_result(None)
        return acknowledged

    async def stop(self) -> None:
        """Nothing is open."""


def unit_of_work(tracer: OtlpTracer | None, reactions: Reactions = FRONT) -> UnitOfWork:
    made = UnitOfWork("front", 1, reactions, Metrics("front"), CrashPoints(), lambda *_: None, lambda: START)
    made.tracer = tracer
    return made


def command(body: Any, id_: str, traceparent: str | None = PARENT) -> Input:
    lineage = Lineage(body.report_id, START, traceparent)
    return Input(id_, body, START, body.report_id, lineage, source=Source.COMMAND)


async def relay_of(store: MemoryStore, tracer: OtlpTracer, producer: MemoryProducer) -> Relay:
    slots = ShardLeases(store, "one", 1)
    await slots.reclaim()
    connection = Connection("kafka.example:9092", "", "", "")
    relay = Relay(
        "front", connection, store, slots, Metrics("front"), CrashPoints(), lambda: START, tracer=tracer
    )
    relay.producer = producer
    return relay


def one(spans: Sequence[Seen], name: SpanName) -> Seen:
    (found,) = [span for span in spans if span.name == name]
    return found


async def test_an_event_continues_the_trace_of_the_command_that_caused_it(
    tracer: OtlpTracer, collector: Collector
) -> None:
    store, back, producer = MemoryStore(), unit_of_work(tracer, BACK), MemoryProducer()
    session = await store.session()
    await unit_of_work(tracer).run(session, [command(OpenPage(ONE), "open")])
    relay = await relay_of(store, tracer, producer)
    before = await store.query("outbox", {})

    await relay.sweep()
    inputs = [read(record_from(raw), raw.timestamp) for raw in producer.log]
    await back.run(await MemoryStore().session(), inputs)

    await tracer.close()
    assert parents(collector.spans) == {
        ("front: command OpenPage", "(missing)"),
        ("front: publish report-registered.v1", "front: command OpenPage"),
        ("front: event ReportRegistered", "front: publish report-registered.v1"),
    }
    assert one(collector.spans, SpanName.COMMAND).parent == PARENT.split("-")[2]
    assert {span.trace for span in collector.spans} == {PARENT.split("-")[1]}
    event = one(collector.spans, SpanName.EVENT)
    assert event.attributes["messaging.destination.name"] == REPORTS
    assert event.attributes["messaging.message.id"] == before[0]["_id"]
    check_closed(collector.spans)


async def test_each_event_of_a_batch_continues_its_own_trace(
    tracer: OtlpTracer, collector: Collector
) -> None:
    commands = [command(OpenPage(report_id(n)), f"open-{n}", None) for n in range(5)]

    await unit_of_work(tracer).run(await MemoryStore().session(), commands)

    await tracer.close()
    assert len({span.trace for span in collector.spans}) == 5
    assert {span.parent for span in collector.spans} == {""}


async def test_what_does_not_fit_into_a_batch_has_a_span_when_it_is_sent_and_a_failure_has_its_type(
    tracer: OtlpTracer, collector: Collector
) -> None:
    store, producer = MemoryStore(), MemoryProducer(most=2, failure=TimeoutError("who it was"))
    commands = [command(OpenPage(report_id(n)), f"open-{n}") for n in range(3)]
    await unit_of_work(tracer).run(await store.session(), commands)
    relay = await relay_of(store, tracer, producer)
    with pytest.raises(Unavailable):
        await relay.sweep()
    producer.failure, relay.producer = None, producer
    while await relay.sweep():
        pass

    await tracer.close()
    published = [span for span in collector.spans if span.name == SpanName.PUBLISH]
    assert [span.failed for span in published] == [True, True, False, False, False]
    assert {span.attributes.get("error.type") for span in published} == {"TimeoutError", None}
    assert len(producer.log) == 3
    check_closed(collector.spans, ["who it was"])


async def test_timers_and_jobs_continue_the_trace_that_is_stored_with_them(
    tracer: OtlpTracer, collector: Collector
) -> None:
    store, engine = MemoryStore(), unit_of_work(tracer)
    session, slots = await store.session(), ShardLeases(store, "one", 1)
    await slots.reclaim()
    await engine.run(session, [command(WriteLine(ONE, "a", remind=5, print=True), "write")])
    commands = Commands(engine, engine.metrics, lambda: START)
    serving = asyncio.create_task(commands.serve(await store.session()))
    seen: list[str | None] = []

    async def print_it(job: Print, attempt: int) -> Printed:
        seen.append(current_traceparent())
        with child_span(SpanName.SMTP, template="letter"):
            if attempt == 1:
                raise Unavailable("Maria Esempio is not at home")
        return Printed(job.report_id, job.line)

    jobs = Jobs(
        store, slots, commands, FRONT, {Print: print_it}, engine.metrics, engine.crash, lambda: START, session
    )
    jobs.tracer = tracer
    await jobs.start_due()
    await until_idle(jobs)
    (row,) = await store.query(JOBS, {})
    assert row["traceparent"] != PARENT, "the job continues the command"
    later = lambda: START + timedelta(seconds=5)  # noqa: E731
    jobs.clock, jobs._whole_at = later, -10.0
    await jobs.start_due()
    await until_idle(jobs)
    await Timers(store, slots, engine, FRONT, later, session).fire()
    serving.cancel()

    await tracer.close()
    assert parents(collector.spans) == {
        ("front: command WriteLine", "(missing)"),
        ("front: job Print", "front: command WriteLine"),
        ("front: smtp send", "front: job Print"),
        ("front: job result Printed", "front: job Print"),
        ("front: timer Remind", "front: command WriteLine"),
    }
    attempts = [span for span in collector.spans if span.name == SpanName.JOB]
    assert [span.attributes["ascolto.outcome"] for span in attempts] == ["postponed", "done"]
    assert [span.attributes["ascolto.attempt"] for span in attempts] == [1, 2]
    assert len(set(seen)) == 2
    check_closed(collector.spans, ["Maria"])


async def until_idle(jobs: Jobs) -> None:
    await asyncio.wait(jobs._running.values())


async def test_a_bug_is_a_failed_span_with_the_type_alone(tracer: OtlpTracer, collector: Collector) -> None:
    def fail(*_: object) -> Change:
        raise ValueError("Maria Esempio")

    table = Reactions(on(OpenPage, lambda _: (), fail))

    (outcome,) = await unit_of_work(tracer, table).run(
        await MemoryStore().session(), [command(OpenPage(ONE), "open")]
    )

    await tracer.close()
    assert outcome.result is Result.FAILED
    span = one(collector.spans, SpanName.COMMAND)
    assert span.failed
    assert (span.attributes["ascolto.outcome"], span.attributes["error.type"]) == ("failed", "ValueError")
    check_closed(collector.spans, ["Maria"])


async def test_a_transaction_that_is_run_again_is_one_span_and_one_that_never_ends_well_is_an_error(
    tracer: OtlpTracer, collector: Collector
) -> None:
    conflicts = iter([Conflict("once")])

    async def first(_: object) -> None:
        for conflict in conflicts:
            raise conflict

    async def never(_: object) -> None:
        raise Unavailable("away")

    engine, session = unit_of_work(tracer), await MemoryStore().session()
    await engine.run(session, [command(OpenPage(ONE), "open")], first)
    with pytest.raises(Unavailable):
        await engine.run(session, [command(OpenPage(report_id(2)), "open-2")], never)

    await tracer.close()
    assert [span.attributes.get("error.type") for span in collector.spans] == [None, "Unavailable"]


async def test_what_is_handled_is_the_same_with_traces_and_without(tracer: OtlpTracer) -> None:
    async def outcomes(of: OtlpTracer | None) -> tuple[list[Outcome], list[dict[str, Any]]]:
        store = MemoryStore()
        items = [command(OpenPage(report_id(n)), f"open-{n}") for n in (1, 2, 1)]
        ended = await unit_of_work(of).run(await store.session(), items)
        return ended, [dict(row) for row in await store.query("outbox", {})]

    with_it, without = await outcomes(tracer), await outcomes(None)

    assert [one.result for one in with_it[0]] == [one.result for one in without[0]]
    assert [row | {"traceparent": ""} for row in with_it[1]] == [
        row | {"traceparent": ""} for row in without[1]
    ]
    assert {row["traceparent"] for row in without[1]} == {PARENT}, "without a tracer it is carried as it came"


async def test_a_trace_that_its_beginner_does_not_sample_is_carried_and_not_exported(
    tracer: OtlpTracer, collector: Collector
) -> None:
    store = MemoryStore()
    await unit_of_work(tracer).run(await store.session(), [command(OpenPage(ONE), "open", UNSAMPLED)])

    (row,) = await store.query("outbox", {})
    await tracer.close()
    assert row["traceparent"].startswith(UNSAMPLED[:36])
    assert row["traceparent"].endswith("-00")
    assert collector.spans == []


@pytest.mark.parametrize(
    "malformed", ["", "x", "00-0-0-0", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT[:-3], "ÿ" * 55]
)
async def test_a_malformed_traceparent_starts_a_new_trace(
    tracer: OtlpTracer, collector: Collector, malformed: str
) -> None:
    with trace(tracer, SpanName.COMMAND, malformed, {}):
        pass

    await tracer.close()
    assert one(collector.spans, SpanName.COMMAND).parent == ""


def http(tracer: OtlpTracer | None, seen: list[str | None]) -> httpx.AsyncClient:
    router = APIRouter(dependencies=[Depends(OpenGuard())])

    @router.get("/status/{code}")
    async def show(code: str) -> str:
        seen.append(current_traceparent())
        if code == "bug":
            raise ValueError(code)
        return code

    app = build_app(
        "front", Metrics("front"), [router], lambda: {"ok": True}, lambda: {"ok": True}, None, tracer
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://front")


async def test_a_request_is_a_span_with_its_route_and_never_its_path(
    tracer: OtlpTracer, collector: Collector
) -> None:
    seen: list[str | None] = []
    async with http(tracer, seen) as client:
        await client.get("/status/K7TQ2M9XPA?pin=123456", headers={"traceparent": PARENT})
        await client.get("/status/bug")
        await client.get("/nowhere/K7TQ2M9XPA")
        await client.request("MARIA", "/status/K7TQ2M9XPA")
        await client.get("/status/two", headers=[("traceparent", PARENT), ("traceparent", PARENT)])

    await tracer.close()
    assert [
        (
            span.attributes["http.route"],
            span.attributes["http.request.method"],
            span.attributes["http.response.status_code"],
        )
        for span in collector.spans
    ] == [
        ("/status/{code}", "GET", 200),
        ("/status/{code}", "GET", 500),
        ("(none)", "GET", 404),
        ("/status/{code}", "other", 405),
        ("/status/{code}", "GET", 200),
    ]
    assert [span.parent != "" for span in collector.spans] == [True, False, False, False, False]
    assert None not in seen
    assert seen[0] is not None
    assert seen[0].split("-")[2] == collector.spans[0].id
    check_closed(collector.spans, ["K7TQ2M9XPA", "123456", "MARIA", "nowhere"])


async def test_probes_and_scrapes_are_not_traced(tracer: OtlpTracer, collector: Collector) -> None:
    async with http(tracer, []) as client:
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200

    await tracer.close()
    assert collector.spans == []


async def test_a_span_does_not_outlive_its_block() -> None:
    assert current_traceparent() is None
    with child_span(SpanName.SMTP) as span:
        assert span is None
    assert replace(Lineage("x"), traceparent=current_traceparent("stored")).traceparent == "stored"
