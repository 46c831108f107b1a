"""What tracing costs while it is off, as a share of handling a command in memory: `python -m tests.tracing.cost`."""

import asyncio
import time

from tests.simulation.services import OpenPage, report_id
from tests.tracing.test_spans import command, unit_of_work

from chassis.observe.tracing import current_traceparent
from chassis.outbox.publish_spans import PublishSpans
from chassis.store.memory import MemoryStore

SIZE, BATCHES, TIMES = 200, 10, 5


async def handling() -> float:
    """Seconds for all batches, the best of several tries."""
    session, engine = await MemoryStore().session(), unit_of_work(None)
    tries = []
    for turn in range(TIMES):
        began = time.perf_counter()
        for batch in range(turn * BATCHES, (turn + 1) * BATCHES):
            numbers = range(batch * SIZE, (batch + 1) * SIZE)
            await engine.run(session, [command(OpenPage(report_id(n)), f"open-{n}", None) for n in numbers])
        tries.append(time.perf_counter() - began)
    return min(tries)


def checks() -> float:
    """Seconds for what is checked meanwhile: the tracer once per batch, the current span and its publication once per event."""
    engine, spans, row = unit_of_work(None), PublishSpans(None, "intake.reports", 0), {"traceparent": None}
    tries = []
    for _ in range(TIMES):
        began = time.perf_counter()
        for _ in range(BATCHES):
            assert engine.tracer is None
            for _ in range(SIZE):
                current_traceparent()
                spans.begin(row)
            spans.end(SIZE)
        tries.append(time.perf_counter() - began)
    return min(tries)


def main() -> None:
    """Print both figures per event and their ratio."""
    handled, checked = asyncio.run(handling()), checks()
    events = SIZE * BATCHES
    print(
        f"handling {handled / events * 1e6:.2f} µs, checks {checked / events * 1e6:.3f} µs per event: "
        f"{checked / handled:.2%}"
    )


if __name__ == "__main__":
    main()
