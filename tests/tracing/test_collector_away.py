"""A collector that is away, hangs or refuses slows nothing down, breaks nothing, and is logged once."""

import asyncio
import logging
import socket
from collections.abc import Iterator

import pytest
from tests.simulation.services import OpenPage, report_id
from tests.tracing.collector import Collector, collecting
from tests.tracing.test_spans import command, unit_of_work

from chassis.observe import otlp
from chassis.observe.otlp import OtlpTracer
from chassis.observe.tracing import SpanName
from chassis.store.memory import MemoryStore

pytestmark = pytest.mark.slow

BATCHES, SIZE = 30, 100
HANGS = 100.0


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def absent() -> str:
    """An address where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def work(tracer: OtlpTracer) -> None:
    """Handle many batches of commands with a tracer."""
    engine, session = unit_of_work(tracer), await MemoryStore().session()
    for batch in range(BATCHES):
        items = [
            command(OpenPage(report_id(batch * SIZE + n)), f"open-{batch}-{n}", None) for n in range(SIZE)
        ]
        outcomes = await engine.run(session, items)
        assert len(outcomes) == SIZE


@pytest.mark.parametrize("trouble", ["absent", "hangs", "refuses"])
async def test_work_and_the_end_of_a_process_wait_for_no_collector(
    collector: Collector, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    collector.hangs = HANGS if trouble == "hangs" else 0.0
    collector.status = 503 if trouble == "refuses" else 200
    url = absent() if trouble == "absent" else collector.url
    tracer = OtlpTracer("front", "front-0", url)

    # Both end long before the collector would answer.
    async with asyncio.timeout(HANGS / 2):
        await work(tracer)
        await tracer.close()

    # The thread of a case before may still give up on its own collector.
    told = [one.getMessage() for one in caplog.records if vars(one)["fields"]["collector"] == url]
    assert told in ([], ["traces are not exported"])


async def test_memory_is_bounded_while_the_collector_hangs(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "WAITING", 1_000)
    collector.hangs = 60.0
    tracer = OtlpTracer("front", "front-0", collector.url)

    for n in range(20_000):
        tracer.start(SpanName.COMMAND, None, {"ascolto.line": n}).end()

    assert len(tracer._processor._batch_processor._queue) <= 1_000
    collector.hangs = 0.0
    await tracer.close()


async def test_a_collector_that_comes_back_is_sent_what_ends_from_then_on(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(otlp, "EVERY_MILLISECONDS", 50)
    monkeypatch.setattr(otlp, "EXPORT_SECONDS", 0.5)
    collector.status = 503
    tracer = OtlpTracer("front", "front-0", collector.url)
    caplog.set_level(logging.INFO, "ascolto")
    tracer.start(SpanName.COMMAND, None, {"ascolto.line": 1}).end()
    await until(lambda: "traces are not exported" in caplog.messages)

    collector.status = 200
    tracer.start(SpanName.COMMAND, None, {"ascolto.line": 2}).end()
    await until(lambda: "traces are exported again" in caplog.messages)

    assert [span.attributes["ascolto.line"] for span in collector.spans] == [2]
    assert caplog.messages.count("traces are not exported") == 1
    await tracer.close()


async def until(there: object, seconds: float = 40.0) -> None:
    assert callable(there)
    async with asyncio.timeout(seconds):
        while not there():
            await asyncio.sleep(0.02)
