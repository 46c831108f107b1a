"""The promises of a store, kept alike by memory, by Motor and by PyMongo's own async client."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from chassis.clock import utc_now
from chassis.documents import AllOf, AnyOf, AtLeast, AtMost, Between, Index
from chassis.errors import Conflict, Misuse, Poison
from chassis.outbox.sent import UNSENT, mark_sent
from chassis.store.collections import INDEXES
from chassis.store.memory import MemoryStore
from chassis.store.mongo import Driver, MongoStore
from chassis.store.mongo_session import FEW, TOGETHER
from chassis.store.port import Store, Transaction
from chassis.store.shard_leases import ShardLeases
from stack.system import System


@pytest.fixture(
    params=[
        "memory",
        pytest.param("motor", marks=pytest.mark.engines),
        pytest.param("pymongo", marks=pytest.mark.engines),
    ]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        made: Store = MemoryStore()
    else:
        system: System = request.getfixturevalue("engines")
        made = MongoStore(system.mongod.admin, f"store-{uuid.uuid4().hex[:8]}", request.param)
    indexes = [Index("things", (("state.code", 1),), unique=True)]
    await made.ensure(["things", "others", "fences", "leases"], indexes)
    yield made
    await made.close()


def thing(name: str, size: int = 1) -> dict[str, object]:
    return {"_id": name, "version": 1, "state": {"code": f"code-{name}", "size": size}}


async def write(store: Store, *names: str) -> None:
    session = await store.session()
    await session.transact(lambda tx: tx.insert("things", [thing(name) for name in names]))
    await session.close()


async def test_what_is_committed_is_read_back(store: Store) -> None:
    await write(store, "a", "b")

    assert await store.get("things", "a") == thing("a")
    assert await store.get("things", "z") is None
    assert await store.count("things", {"state.size": 1}) == 2


async def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    session = await store.session()

    async def work(tx: Transaction) -> None:
        await tx.insert("things", [thing("a")])
        raise Misuse("no")

    with pytest.raises(Misuse):
        await session.transact(work)

    assert await store.get("things", "a") is None
    await write(store, "a")


async def test_collections_are_found_by_how_their_names_begin_and_dropped_whole(store: Store) -> None:
    for name in ("log_2", "log_1", "lot"):
        await store.ensure([name], [Index(name, (("at", 1),))])
        await store.insert_missing(name, [{"_id": "a"}])

    assert await store.names("log_") == ["log_1", "log_2"]
    await store.drop("log_1")

    assert await store.names("log_") == ["log_2"]
    assert await store.count("log_1", {}) == 0


@pytest.mark.parametrize("value", [2**70, "\ud800"])
async def test_what_can_never_be_kept_is_said_to_be_poison(store: Store, value: object) -> None:
    session = await store.session()

    with pytest.raises(Poison):
        await session.transact(lambda tx: tx.insert("things", [thing("a"), thing("b") | {"state": value}]))

    assert await store.get("things", "a") is None
    await write(store, "a")


async def test_a_transaction_sees_its_own_writes_and_others_do_not_before_the_commit(store: Store) -> None:
    session = await store.session()

    async def work(tx: Transaction) -> None:
        await tx.insert("things", [thing("a")])
        assert list(await tx.find("things", ["a", "b"])) == ["a"]
        assert await store.get("things", "a") is None

    await session.transact(work)

    assert await store.get("things", "a") is not None


async def test_a_transaction_reads_one_snapshot(store: Store) -> None:
    await write(store, "a")
    reader = await store.session()

    async def work(tx: Transaction) -> None:
        before = await tx.find("things", ["a"])
        writer = await store.session()
        await writer.transact(lambda other: other.upsert("things", [thing("a", size=9)]))
        assert await tx.find("things", ["a"]) == before

    await reader.transact(work)

    found = await store.get("things", "a")
    assert found is not None
    assert found["state"]["size"] == 9


async def test_several_collections_are_read_in_one_snapshot_with_our_own_writes(store: Store) -> None:
    await write(store, "a", "b")
    reader, writer = await store.session(), await store.session()

    async def work(tx: Transaction) -> None:
        await tx.insert("others", [thing("x"), thing("y")])
        await writer.transact(lambda other: other.upsert("things", [thing("a", size=9), thing("c")]))
        found = await tx.read(
            {"things": ["a", "c"], "others": ["x"], "fences": ["f"]}, {"others": ["y", "z"]}
        )
        assert found == {
            "things": {"a": thing("a")},
            "others": {"x": thing("x"), "y": {"_id": "y", "version": 1}},
            "fences": {},
        }
        assert await tx.read({"things": ["b"]}, {}) == {"things": {"b": thing("b")}}
        assert await tx.read({}, {}) == {}
        many = [f"m{number}" for number in range(TOGETHER)]
        assert (await tx.read({"things": [*many, "b"], "others": many}, {}))["things"] == {"b": thing("b")}

    await reader.transact(work)


async def test_what_is_too_large_to_be_read_together_is_read_separately(store: Store) -> None:
    session = await store.session()
    large = [thing(name) | {"state": {"code": name, "text": "x" * 9_000_000}} for name in "ab"]
    await session.transact(lambda tx: tx.insert("things", large[:1]))
    await session.transact(lambda tx: tx.insert("others", large[1:]))
    found = []
    for _ in range(2):
        try:
            found.append(await session.transact(lambda tx: tx.read({"things": ["a"], "others": ["b"]}, {})))
        except Conflict:  # once: whoever works in a transaction runs it again
            continue

    assert found[-1] == {"things": {"a": large[0]}, "others": {"b": large[1]}}
    assert await store.read({"things": ["a"], "others": ["b"]}) == found[-1]


async def test_several_collections_are_read_as_of_the_last_commit(store: Store) -> None:
    await write(store, "a", "b")
    await store.insert_missing("others", [thing("a")])
    writer = await store.session()

    async def work(tx: Transaction) -> None:
        await tx.upsert("things", [thing("a", size=9), thing("c")])
        found = await store.read({"things": ["a", "c", "d"], "others": ["a"], "fences": ["f"]})
        assert found == {"things": {"a": thing("a")}, "others": {"a": thing("a")}, "fences": {}}

    await writer.transact(work)
    many = [f"m{number}" for number in range(2 * FEW)]
    assert await store.read({"things": ["c"], "others": []}) == {"things": {"c": thing("c")}, "others": {}}
    assert await store.read({"things": [*many, "b"], "others": many}) == {
        "things": {"b": thing("b")},
        "others": {},
    }
    assert await store.read({}) == {}


async def test_the_second_of_two_writers_of_one_document_is_told_of_the_conflict(store: Store) -> None:
    await write(store, "a")
    first, second = await store.session(), await store.session()

    async def late(tx: Transaction) -> None:
        await tx.find("things", ["a"])
        await first.transact(lambda other: other.upsert("things", [thing("a", size=5)]))
        await tx.upsert("things", [thing("a", size=6)])

    with pytest.raises(Conflict):
        await second.transact(late)

    found = await store.get("things", "a")
    assert found is not None
    assert found["state"]["size"] == 5


async def test_a_touched_document_cannot_change_behind_a_decision(store: Store) -> None:
    await write(store, "a")
    first, second = await store.session(), await store.session()

    async def decide(tx: Transaction) -> None:
        await tx.find("things", ["a"])
        await first.transact(lambda other: other.upsert("things", [thing("a", size=5)]))
        await tx.touch("things", ["a"])

    with pytest.raises(Conflict):
        await second.transact(decide)


async def test_an_id_that_is_there_cannot_be_inserted_again(store: Store) -> None:
    await write(store, "a")

    with pytest.raises(Conflict):
        await write(store, "a")


async def test_a_unique_field_is_unique(store: Store) -> None:
    await write(store, "a")
    session = await store.session()
    twin = {"_id": "b", "version": 1, "state": {"code": "code-a", "size": 1}}

    with pytest.raises(Conflict):
        await session.transact(lambda tx: tx.insert("things", [twin]))


async def test_a_guard_that_does_not_match_is_a_conflict_and_undoes_everything(store: Store) -> None:
    await write(store, "a", "b")
    session = await store.session()
    good = ({"_id": "a", "version": 1}, thing("a", size=7))
    stale = ({"_id": "b", "version": 4}, thing("b", size=7))

    with pytest.raises(Conflict):
        await session.transact(lambda tx: tx.replace("things", [good, stale]))

    found = await store.get("things", "a")
    assert found is not None
    assert found["state"]["size"] == 1


async def test_queries_filter_order_and_limit(store: Store) -> None:
    session = await store.session()
    rows = [thing(name, size) for name, size in (("a", 3), ("b", 1), ("c", 2))]
    await session.transact(lambda tx: tx.insert("things", rows))

    async def names(**where: object) -> list[str]:
        found = await store.query(
            "things", {k.replace("__", "."): v for k, v in where.items()}, [("state.size", 1)]
        )
        return [row["_id"] for row in found]

    assert await names() == ["b", "c", "a"]
    assert await names(state__size=AtMost(2)) == ["b", "c"]
    assert await names(state__size=AtLeast(2)) == ["c", "a"]
    assert await names(state__size=Between(1, 2)) == ["b", "c"]
    assert await names(_id=AnyOf(["a", "b"])) == ["b", "a"]
    assert len(await store.query("things", {}, [("state.size", -1)], 1)) == 1


async def test_several_collections_are_counted_together(store: Store) -> None:
    session = await store.session()
    rows = [thing(name, size) for name, size in (("a", 3), ("b", 1), ("c", 2))]
    await session.transact(lambda tx: tx.insert("things", rows))
    queue = {"open": AtLeast("")}  # some value in the list
    await store.insert_missing("queues", [{"_id": "none", "open": []}, {"_id": "one", "open": ["x", "y"]}])

    assert await store.counts({"things": {}, "queues": queue}) == {"things": 3, "queues": 1}
    assert await store.counts({"things": {"state.size": AtLeast(2)}, "none": {}}) == {"things": 2, "none": 0}
    assert await store.counts({"things": {}, "queues": {}}, most=1) == {"things": 1, "queues": 1}


async def test_a_query_can_have_some_fields_of_each_document(store: Store) -> None:
    steps = [{"what": "opened", "at": 1}, {"what": "closed", "at": 2}]
    row = thing("a", 3) | {"state": {"size": 3, "steps": steps, "words": ["x"], "more": {"b": 1, "c": 2}}}
    await store.insert_missing("things", [row])

    fields = ["state.size", "state.steps.what", "state.words", "state.more.c", "state.none"]
    [found] = await store.query("things", {}, [("state.size", 1)], 1, fields)

    kept = {"size": 3, "steps": [{"what": "opened"}, {"what": "closed"}], "words": ["x"], "more": {"c": 2}}
    assert found == {"_id": "a", "state": kept}
    assert (await store.query("things", {}, fields=["version"]))[0].keys() == {"_id", "version"}


async def test_a_list_is_found_by_each_of_its_values(store: Store) -> None:
    listed = {"a": ["x", "y"], "b": ["y"], "c": []}
    rows = [thing(name) | {"state": {"code": name, "words": words}} for name, words in listed.items()]
    await store.insert_missing("things", rows)

    async def names(wanted: object) -> list[str]:
        return [row["_id"] for row in await store.query("things", {"state.words": wanted}, [("_id", 1)])]

    assert await names("y") == ["a", "b"]
    assert await names(AnyOf(["x", "z"])) == ["a"]
    assert await names(AllOf(["y", "x"])) == ["a"]
    assert await names(AllOf(["x", "z"])) == []
    assert await names("z") == []


async def test_missing_documents_are_added_and_present_ones_left_alone(store: Store) -> None:
    await write(store, "a")

    added = await store.insert_missing("things", [thing("a", size=9), thing("b")])

    assert added == 1
    found = await store.get("things", "a")
    assert found is not None
    assert found["state"]["size"] == 1


async def test_documents_can_be_removed_outside_a_transaction(store: Store) -> None:
    await write(store, "a", "b")

    assert await store.delete("things", ["a", "nobody"]) == 1
    assert await store.count("things", {}) == 1


async def test_fields_are_set_and_renamed_where_they_are(store: Store) -> None:
    await store.insert_missing("others", [{"_id": "a", "old": 1}, {"_id": "b"}, {"_id": "c", "old": 1}])

    for _ in range(2):
        assert await store.update("others", ["a", "b", "z"], {"at": 5}, {"old": "new"}) == 2

    rows = {row["_id"]: row for row in await store.query("others", {})}
    assert rows == {
        "a": {"_id": "a", "new": 1, "at": 5},
        "b": {"_id": "b", "at": 5},
        "c": {"_id": "c", "old": 1},
    }


async def test_every_claim_has_a_higher_epoch_and_tells_who_was_there_before(store: Store) -> None:
    nobody, first = await store.claim("fences", "f", {"session": b"one"})
    before, second = await store.claim("fences", "f", {"session": b"two"})

    assert nobody is None
    assert (first["epoch"], first["next"], second["epoch"]) == (1, 0, 2)
    assert before is not None
    assert before["session"] == b"one"


async def test_a_lease_belongs_to_one_holder_until_it_runs_out_or_is_given_back(store: Store) -> None:
    assert await store.lease("slot/1", "a", 0.4) == 1
    assert await store.lease("slot/1", "b", 0.4) is None
    assert await store.lease("slot/1", "a", 0.4) == 1
    assert await store.live_leases("slot/") == ["slot/1"]

    await asyncio.sleep(0.5)
    assert await store.live_leases("slot/") == []
    assert await store.lease("slot/1", "b", 5) == 2

    await store.release("slot/1", "b")
    assert await store.lease("slot/1", "c", 5) == 3


async def test_a_holder_renews_all_its_leases_at_once_and_learns_which_it_has_no_more(store: Store) -> None:
    for name in ("slot/1", "slot/2"):
        assert await store.lease(name, "a", 0.4) == 1
    assert await store.lease("slot/3", "b", 5) == 1

    assert await store.renew(["slot/1", "slot/2"], "a", 5) == ["slot/1", "slot/2"]
    assert sorted(await store.renew(["slot/1", "slot/3", "slot/4"], "a", 5)) == ["slot/1"]

    await asyncio.sleep(0.5)  # the first lease would be over
    assert sorted(await store.live_leases("slot/")) == ["slot/1", "slot/2", "slot/3"]
    assert await store.lease("slot/1", "b", 5) is None
    assert await store.lease("slot/1", "a", 5) == 1  # and its epoch is what it was


async def test_a_new_owner_ends_the_transaction_a_dead_one_left_open(store: Store) -> None:
    await write(store, "a")
    dead, heir = await store.session(), await store.session()
    written, ended = asyncio.Event(), asyncio.Event()

    async def hang(tx: Transaction) -> None:
        await tx.upsert("things", [thing("a", size=2)])
        written.set()
        await ended.wait()

    zombie = asyncio.create_task(dead.transact(hang))
    await written.wait()
    await store.end_session(dead.id)
    await asyncio.wait_for(heir.transact(lambda tx: tx.upsert("things", [thing("a", size=3)])), 5)
    ended.set()

    with pytest.raises(Exception):  # noqa: B017 - a zombie may learn it in more than one way
        await zombie
    found = await store.get("things", "a")
    assert found is not None
    assert found["state"]["size"] == 3


async def test_a_process_that_starts_again_ends_what_it_left_open_and_nothing_of_its_own(
    store: Store,
) -> None:
    await write(store, "a")
    dead, ours = await store.session(), await store.session()
    await ShardLeases(store, "one", 4).reclaim([dead])
    written = asyncio.Event()

    async def hang(tx: Transaction) -> None:
        await tx.upsert("things", [thing("a", size=2)])
        written.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(dead.transact(hang))
    await written.wait()
    await ShardLeases(store, "two", 4).reclaim([ours])
    for _ in range(2):
        await ShardLeases(store, "one", 4).reclaim([ours])
    await ours.transact(lambda tx: tx.upsert("things", [thing("a", size=3)]))

    found = await store.get("things", "a")
    assert found is not None
    assert found["state"]["size"] == 3
    dying.cancel()
    await asyncio.wait([dying])


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1])
async def test_what_is_removed_is_gone_and_counted(store: Store, count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    await store.insert_missing("things", [thing(name) for name in [*names, "stays"]])

    assert await store.delete("things", []) == 0
    assert await store.delete("things", [*names, "never there"]) == count
    assert [row["_id"] for row in await store.query("things", {})] == ["stays"]


async def test_an_index_that_is_retired_goes_once_and_for_all(store: Store) -> None:
    index = Index("others", (("at", 1), ("size", 1)))
    await store.ensure(["others"], [index])

    for _ in range(2):
        await store.ensure(["others"], [replace(index, retired=True)])

    if isinstance(store, MongoStore):
        assert "at_1_size_1" not in await store._database["others"].index_information()
    assert await store.query("others", {"at": 1}) == []


@pytest.mark.engines
async def test_sent_events_are_in_no_search_for_unsent_ones_of_this_build_or_the_one_before(
    engines: System,
) -> None:
    name = f"store-{uuid.uuid4().hex[:8]}"
    store = MongoStore(engines.mongod.admin, name)
    await store.ensure(["outbox"], [Index("outbox", (("stamp", 1), ("slot", 1)))])  # by the build before
    rows = [{"_id": f"f{n}", "slot": n % 2, "stamp": n} for n in range(200)]
    await store.insert_missing("outbox", rows)
    await mark_sent(store, rows[:190], utc_now())
    for _ in range(2):
        await store.ensure(["outbox"], [index for index in INDEXES if index.collection == "outbox"])

    mine = {"slot": {"$in": [0]}, "stamp": {"$gte": 0}}
    before = {"slot": {"$in": [0]}}
    found = [await _plan(engines, name, where) for where in (mine, before)]
    assert all(seen <= 11 for plan in found for seen in plan)  # the ten that wait, and the end
    assert await store.count("outbox", UNSENT) == 10
    await store.ensure(["outbox"], [Index("outbox", (("stamp", 1), ("slot", 1)))])  # taken back
    await store.close()


async def _plan(engines: System, name: str, where: Any) -> tuple[int, int]:
    """How many index entries and rows the server looks at for a search of the oldest."""
    async with AsyncMongoClient[dict[str, Any]](engines.mongod.admin) as client:
        find = {"find": "outbox", "filter": where, "sort": {"stamp": 1}}
        plan = await client[name].command({"explain": find, "verbosity": "executionStats"})
    stats = plan["executionStats"]
    return stats["totalKeysExamined"], stats["totalDocsExamined"]


async def test_a_start_does_not_wait_for_a_transaction_that_is_open(store: Store) -> None:
    index = Index("things", (("at", 1), ("size", 1)), retired=True)
    session = await store.session()
    begun, go_on = asyncio.Event(), asyncio.Event()
    times = 0

    async def slow(tx: Transaction) -> None:
        nonlocal times
        times += 1
        await tx.upsert("things", [thing("a")])
        begun.set()
        await go_on.wait()

    writing = asyncio.create_task(session.transact(slow))
    await begun.wait()
    await store.ensure(["things"], [index])
    go_on.set()
    await writing

    assert times == 1  # a server gives up a transaction that others wait for


async def test_whoever_follows_hears_what_others_commit_and_nothing_else(store: Store) -> None:
    told: list[tuple[str, object]] = []
    over = asyncio.Event()
    following = asyncio.create_task(
        store.follow(
            ["things"], "slot", lambda name, slot: told.append((name, slot)), lambda: not over.is_set()
        )
    )

    async def until_heard(first: str) -> None:
        """A stream has no beginning that could be waited for."""
        for number in range(100):
            await store.insert_missing("others", [{"_id": f"{first}{number}", "slot": 1}])
            await store.insert_missing("things", [thing(f"{first}{number}") | {"slot": number}])
            await asyncio.sleep(0.1)
            if told:
                return

    await asyncio.wait_for(until_heard("a"), 20)
    session = await store.session()
    told.clear()
    await session.transact(lambda tx: tx.insert("things", [thing("last") | {"slot": 1000}]))
    async with asyncio.timeout(20):
        while ("things", 1000) not in told:
            await asyncio.sleep(0.01)
    over.set()
    await asyncio.wait_for(following, 20)

    assert {name for name, _ in told} == {"things"}


@pytest.mark.engines
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_service_may_follow_its_own_database(engines: System, driver: Driver) -> None:
    store = MongoStore(engines.mongod.as_user("intake"), "intake", driver)
    asked = iter([True, True, False])

    await store.follow(["outbox"], "slot", lambda *_: None, lambda: next(asked))

    assert next(asked, None) is None  # it was asked to the end, and nothing was refused
    await store.close()


async def test_collections_and_indexes_can_be_made_twice(store: Store) -> None:
    index = Index("others", (("at", 1),), expire_after=60)

    await store.ensure(["others"], [index])
    await store.ensure(["others"], [index])

    await store.ping()
    assert await store.count("others", {}) == 0
