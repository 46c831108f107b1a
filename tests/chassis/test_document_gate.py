"""The document gate: whoever needs the same document passes one after the other, and nobody waits for ever."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from chassis.transaction.document_gate import DocumentGate

NEEDS = st.dictionaries(st.sampled_from(("pages", "notes")), st.sets(st.sampled_from("abc"), min_size=1))


@given(st.lists(st.tuples(NEEDS, st.integers(0, 3), st.booleans()), max_size=10))
def test_one_after_the_other_in_order_of_arrival_and_all_pass(
    arrivals: list[tuple[dict[str, set[str]], int, bool]],
) -> None:
    async def story() -> None:
        gate, inside, entered = DocumentGate(), list[set[tuple[str, str]]](), list[int]()
        keys = [{(name, id_) for name, ids in needs.items() for id_ in ids} for needs, _, _ in arrivals]

        async def pass_through(number: int) -> None:
            async with gate.passing(arrivals[number][0]):
                assert all(keys[number].isdisjoint(others) for others in inside)
                inside.append(keys[number])
                entered.append(number)
                try:
                    for _ in range(arrivals[number][1]):
                        await asyncio.sleep(0)
                finally:
                    inside.remove(keys[number])

        tasks = [asyncio.create_task(pass_through(number)) for number in range(len(arrivals))]
        await asyncio.sleep(0)
        for task, (_, _, given_up) in zip(tasks, arrivals, strict=True):
            if given_up and not task.done():
                task.cancel()
        async with asyncio.timeout(30):
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(one is None or isinstance(one, asyncio.CancelledError) for one in ended)
        for first, one in enumerate(entered):
            assert not any(other < one and keys[other] & keys[one] for other in entered[first + 1 :])

    asyncio.run(story())
