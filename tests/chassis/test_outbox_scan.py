"""The relay's window: what it does not look at for a while, and that no fact goes before one of its own subject."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.clock import utc_now
from chassis.documents import Raw
from chassis.errors import Unavailable
from chassis.outbox.scan import MARGIN_MS, REMEMBERED, SWEEP, WHOLE_EVERY_SECONDS, OutboxScan
from chassis.outbox.sent import mark_sent
from chassis.store.collections import OUTBOX
from chassis.store.memory import MemoryStore

NOW = 1_800_000_000_000
SLOTS = [0, 1]


def fact(name: str, stamp: int, after: int | None = 0, subject: str = "", slot: int = 0) -> Raw:
    row = {"_id": name, "slot": slot, "stamp": stamp, "aggregateid": subject or name, "sequence": 1}
    return row if after is None else row | {"after": after}


@dataclass
class Scene:
    """An outbox, a window on it and its time."""

    store: MemoryStore = field(default_factory=MemoryStore)
    seconds: float = 0.0
    oldest: list[Raw | None] = field(default_factory=list)
    held: set[tuple[int, float]] = field(default_factory=lambda: {(0, 5.0), (1, 5.0)})
    outbox_scan: OutboxScan = field(init=False)

    def __post_init__(self) -> None:
        self.outbox_scan = OutboxScan(
            self.store, lambda: self.seconds, self.oldest.append, lambda *held: held in self.held
        )

    @classmethod
    async def opened(cls) -> "Scene":
        """One fact was found and sent, and the window begins a little before it."""
        scene = cls()
        await scene.commit(fact("first", NOW))
        assert await scene.send() == ["first"]
        return scene

    async def commit(self, *rows: Raw) -> None:
        await self.store.insert_missing(OUTBOX, rows)

    async def look(self, slots: list[int] = SLOTS) -> list[str]:
        return [row["_id"] for row in await self.outbox_scan.next_rows(slots)]

    async def send(self) -> list[str]:
        rows = await self.outbox_scan.next_rows(SLOTS)
        self.outbox_scan.sent(rows)
        await mark_sent(self.store, rows, utc_now())
        return [row["_id"] for row in rows]


async def test_what_is_committed_with_a_fresh_stamp_is_found_at_once() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("next", NOW + 5), fact("a little older", NOW - MARGIN_MS))

    assert await scene.look() == ["a little older", "next"]


async def test_what_is_committed_with_an_old_stamp_is_found_when_all_is_looked_through() -> None:
    scene = await Scene.opened()
    assert scene.outbox_scan.pause(60) == 60
    await scene.commit(fact("old", NOW - 60_000))
    assert await scene.look() == []
    assert scene.outbox_scan.pause(60) == WHOLE_EVERY_SECONDS

    scene.seconds = WHOLE_EVERY_SECONDS
    assert await scene.look() == ["old"]
    assert await scene.look() == ["old"]  # the window has followed it


async def test_a_fact_whose_predecessor_is_hidden_does_not_go_before_it() -> None:
    scene = await Scene.opened()
    old = NOW - 60_000
    await scene.commit(fact("one", old, subject="s"), fact("two", NOW + 1, after=old, subject="s"))

    assert await scene.look() == ["one", "two"]


async def test_a_fact_whose_predecessor_was_sent_long_ago_is_looked_at_with_all_others() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("hidden", NOW - 60_000), fact("two", NOW + 1, after=NOW - 90_000, subject="s"))

    assert await scene.look() == ["hidden", "two"]


async def test_a_fact_whose_predecessor_this_process_sent_needs_no_look_at_all_others() -> None:
    scene = await Scene.opened()
    old = NOW - 60_000
    scene.outbox_scan.sent([fact("one", old, subject="s")])
    await scene.commit(fact("hidden", NOW - 60_000), fact("two", NOW + 1, after=old, subject="s"))

    assert await scene.look() == ["two"]


async def test_the_copy_of_a_parked_record_is_not_taken_for_the_fact_of_its_key_that_came_at_that_moment() -> (
    None
):
    scene = await Scene.opened()
    old = NOW - 60_000
    copy = fact("copy", old, subject="s")
    del copy["sequence"]
    scene.outbox_scan.sent([copy])
    await scene.commit(fact("one", old, subject="s"), fact("two", NOW + 1, after=old, subject="s"))

    assert await scene.look() == ["one", "two"]


async def test_a_fact_of_a_build_that_does_not_tell_is_looked_at_with_all_others() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("hidden", NOW - 60_000), fact("two", NOW + 1, after=None))

    assert await scene.look() == ["hidden", "two"]


async def test_slots_that_are_new_are_looked_through() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("of another slot", NOW - 60_000, slot=2))

    assert await scene.look([0, 1, 2]) == ["of another slot"]


async def test_the_oldest_fact_is_told_when_all_was_looked_through_and_nothing_is_without_slots() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("stuck", NOW - 60_000))
    scene.seconds = WHOLE_EVERY_SECONDS
    await scene.look()
    await scene.look([])

    assert [row and row["_id"] for row in scene.oldest] == ["first", "stuck", None]


async def test_what_is_remembered_is_bounded_and_the_latest_stays() -> None:
    scene = Scene()
    rows: list[dict[str, Any]] = [fact(f"f{n}", NOW + n) for n in range(REMEMBERED + 10)]
    scene.outbox_scan.sent(rows)

    assert len(scene.outbox_scan._sent) == REMEMBERED
    assert f"f{REMEMBERED + 9}" in scene.outbox_scan._sent


@pytest.mark.parametrize("began", [5.0, 4.0])
async def test_a_fact_of_our_own_is_sent_without_a_search_where_nobody_else_had_its_shard(
    began: float,
) -> None:
    scene = await Scene.opened()
    scene.outbox_scan.offer([fact("two", NOW + 2, NOW, "first"), fact("other", NOW + 1)], began)

    assert await scene.send() == (["other", "two"] if began == 5.0 else [])  # it is not in the store
    assert await scene.send() == [], "it is handed over once"


@pytest.mark.parametrize(
    "row",
    [
        fact("three", NOW + 3, after=NOW + 2, subject="first"),
        fact("first", NOW),  # its commit was answered after a search had found it
        {name: value for name, value in fact("copy", NOW).items() if name != "sequence"},
    ],
)
async def test_a_fact_whose_predecessor_was_not_sent_from_here_is_searched_for(row: Raw) -> None:
    scene = await Scene.opened()
    await scene.commit(fact("two", NOW + 2, after=NOW, subject="first"))
    scene.outbox_scan.offer([row], 5.0)

    assert await scene.look() == ["two"]


async def test_after_facts_of_our_own_those_of_others_are_searched_for() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("others", NOW + 1))
    scene.outbox_scan.offer([fact("ours", NOW + 2)], 5.0)
    assert await scene.send() == ["ours"]
    scene.outbox_scan.offer([fact("ours too", NOW + 3)], 5.0)
    scene.outbox_scan.look()
    assert await scene.send() == ["others"]

    await scene.commit(fact("others again", NOW + 4))
    scene.outbox_scan.offer([fact(f"f{n}", NOW + n) for n in range(SWEEP)], 5.0)
    scene.outbox_scan.offer([fact("one too many", NOW)], 5.0)
    assert await scene.send() == ["others again"]

    await scene.commit(fact("others at last", NOW + 5))
    scene.outbox_scan.offer([fact("ours at last", NOW + 6)], 5.0)
    scene.seconds = WHOLE_EVERY_SECONDS
    assert await scene.send() == ["others at last"]


async def test_while_a_fact_is_not_sent_its_successor_is_searched_for_although_another_topic_took_one() -> (
    None
):
    scene = await Scene.opened()
    rows = [fact("one", NOW + 1, subject="s"), fact("on another topic", NOW + 2, NOW + 1, "s")]
    await scene.commit(*rows)
    scene.outbox_scan.offer(rows, 5.0)
    found = await scene.outbox_scan.next_rows(SLOTS)
    scene.outbox_scan.sent(found[1:])
    await mark_sent(scene.store, found[1:], utc_now())

    await scene.commit(fact("three", NOW + 3, after=NOW + 2, subject="s"))
    scene.outbox_scan.offer([fact("three", NOW + 3, after=NOW + 2, subject="s")], 5.0)
    assert await scene.send() == ["one", "three"]

    scene.outbox_scan.offer([fact("four", NOW + 4, after=NOW + 3, subject="s")], 5.0)
    assert await scene.look() == ["four"]


async def test_after_a_search_that_failed_everything_is_searched_for() -> None:
    scene = await Scene.opened()
    await scene.commit(fact("others", NOW + 1))
    scene.outbox_scan.look()
    scene.outbox_scan.store = Away()
    with pytest.raises(Unavailable):
        await scene.look()
    scene.outbox_scan.store = scene.store

    scene.outbox_scan.offer([fact("ours", NOW + 2)], 5.0)
    assert await scene.send() == ["others"]


class Away(MemoryStore):
    """A store that does not answer queries."""

    async def query(self, *_: Any, **__: Any) -> list[Raw]:
        raise Unavailable("database: away")
