"""Loops end when they are told to, whatever they were waiting for."""

import asyncio

from chassis.tasks.loops import Loop, end


async def test_a_task_that_forgets_a_cancellation_ends_all_the_same() -> None:
    forgotten = 0

    async def forget_once() -> None:
        nonlocal forgotten
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            forgotten += 1
        await asyncio.sleep(60)

    task = asyncio.create_task(forget_once())
    await asyncio.sleep(0)
    await end([task])

    assert task.cancelled()
    assert forgotten == 1


async def test_a_loop_whose_step_is_answered_at_the_moment_it_is_cancelled_ends() -> None:
    answers: list[asyncio.Future[bool]] = []

    async def step() -> bool:
        answers.append(asyncio.get_running_loop().create_future())
        return await asyncio.wait_for(answers[-1], 30)

    task = asyncio.create_task(Loop("asks", step, 60).run())
    await asyncio.sleep(0)
    answers[-1].set_result(False)  # the waiter will be woken after it was cancelled
    await end([task])

    assert task.done()
