"""Pace: what comes alone does not wait, and what comes in a stream waits no longer than work takes."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulation.loop import SimLoop

from chassis.pace import LONGEST_SECONDS, Pace

SECONDS = st.floats(0.0, 1.0)


async def waited(pace: Pace) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await pace.wait()
    return loop.time() - began


async def work(pace: Pace, seconds: float) -> None:
    await pace.wait()
    pace.begin()
    await asyncio.sleep(seconds)
    pace.end()


def in_virtual_time(story: Callable[[], Awaitable[None]]) -> None:
    loop = SimLoop(random.Random(1), 10_000)
    try:
        loop.run_until_complete(story())
    finally:
        loop.close()


def test_what_comes_first_and_what_comes_alone_does_not_wait() -> None:
    async def story() -> None:
        pace = Pace()
        assert await waited(pace) == 0
        await work(pace, 0.01)
        await asyncio.sleep(0.2)
        assert await waited(pace) == 0

    in_virtual_time(story)


@given(SECONDS)
def test_after_work_one_rests_as_long_as_it_took_and_never_long(seconds: float) -> None:
    async def story() -> None:
        pace = Pace()
        await work(pace, seconds)
        rest = max(0.0, min(seconds, LONGEST_SECONDS - seconds))
        assert await waited(pace) == pytest.approx(rest, abs=1e-9)

    in_virtual_time(story)


def test_what_comes_while_one_rests_is_there_when_work_begins() -> None:
    async def story() -> None:
        pace, queue, taken = Pace(), asyncio.Queue[int](), list[list[int]]()

        async def come() -> None:
            for number in range(30):
                queue.put_nowait(number)
                await asyncio.sleep(0.003)

        async def take() -> None:
            while sum(map(len, taken)) < 30:
                first = await queue.get()
                await pace.wait()
                taken.append([first, *(queue.get_nowait() for _ in range(queue.qsize()))])
                await work(pace, 0.004)

        await asyncio.gather(come(), take())
        assert [number for batch in taken for number in batch] == list(range(30))
        assert len(taken) <= 14, "without a pace it were a transaction for nearly each"

    in_virtual_time(story)
