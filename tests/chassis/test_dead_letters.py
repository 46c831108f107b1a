"""What people do with parked records and sent facts, and that it is written down."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.chassis.ledger import NOW, a_store, command, opened, record, registered, report_id, unit_of_work

from chassis.consumer.records import read
from chassis.documents import Raw
from chassis.errors import Refused
from chassis.http.context import ServiceContext
from chassis.ids import derive
from chassis.outbox.sent import UNSENT, after, former_indexes, mark_sent, sent_between, unsent
from chassis.parking.dead_letters import DeadLetters, open_dead_letters, readable
from chassis.store.collections import OUTBOX, PARKED, PARKED_KEYS, RUNS
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.run import Run
from chassis.testing import MemoryTokens
from chassis.transaction.commands import Commands
from chassis.transaction.parked import record_of
from contracts.topics import dead_letter_topic


async def dead_letters(store: Store) -> DeadLetters:
    slots = ShardLeases(store, "one", 8)
    await slots.rebalance()
    return await open_dead_letters(store, unit_of_work(), slots, lambda: NOW, lambda: None)


async def ended(made: DeadLetters, run: Run) -> Run:
    """The run at its end."""
    while await made.runs.advance(made.runs.kinds[run.kind]):
        pass
    return await made.runs.read(run.id)


async def park_two_keys(store: Store) -> None:
    bugs = [read(record(registered(n, "bug"), f"bug-{n}", n), 0) for n in (1, 2)]
    behind = read(record(registered(1, "lift"), "behind", 9), 0)
    await unit_of_work().run(await store.session(), [*bugs, behind])


async def test_the_keys_that_have_stopped_are_listed_with_their_records_and_reasons() -> None:
    store = await a_store()
    await park_two_keys(store)
    made = await dead_letters(store)

    heads = await made.parked_keys()

    assert sorted((row["key"], row["size"]) for row in heads) == [(report_id(1), 2), (report_id(2), 1)]
    (first, second) = await made.records(f"ledger|intake.reports|{report_id(1)}")
    assert (first["reason"], second["reason"]) == ("failed", "behind")
    assert "a bug" in first["detail"]


async def test_a_parked_record_is_mirrored_with_its_bytes_and_where_it_came_from() -> None:
    store = await a_store()
    await park_two_keys(store)

    rows = await store.query("outbox", {"aggregatetype": dead_letter_topic("intake.reports", "ledger")})

    headers: dict[str, Any] = dict(rows[0]["headers"])
    assert len(rows) == 3
    assert headers["dlq_origin"] == b"intake.reports/0/1"
    assert headers["ce_id"] == b"bug-1"
    assert rows[0]["payload"] == registered(1, "bug").body()


async def test_what_a_service_records_of_its_users_is_not_among_what_administrators_did() -> None:
    store = await a_store()
    await park_two_keys(store)
    made = await dead_letters(store)
    engine = unit_of_work()
    commands = Commands(engine, engine.metrics, lambda: NOW)
    context = ServiceContext(store, commands, lambda: NOW, MemoryTokens({}))
    head = f"ledger|intake.reports|{report_id(1)}"

    await context.audit("ada", "read-report", {"report_id": report_id(1)})
    await ended(made, await made.discard("anna", "sent by mistake", head))

    assert {row["by"] for row in await made.audit()} == {"anna"}
    assert [row["by"] for row in await context.audited({})] == ["ada"]


async def test_discarding_frees_the_key_and_keeps_the_bytes_in_the_audit() -> None:
    store = await a_store()
    await park_two_keys(store)
    made = await dead_letters(store)
    head = f"ledger|intake.reports|{report_id(1)}"

    assert (await ended(made, await made.discard("anna", "sent by mistake", head))).counts == {"discarded": 2}

    assert await store.count(PARKED, {}) == 1
    [entry] = [row for row in await made.audit() if "records" in row["details"]]
    assert (entry["by"], entry["action"], entry["details"]["why"]) == ("anna", "discard", "sent by mistake")
    assert len(entry["details"]["records"]) == 2
    outcomes = await unit_of_work().run(await store.session(), [read(record(registered(1), "next", 20), 0)])
    assert outcomes[0].result == "done"


async def test_a_copy_of_what_was_given_up_is_known_and_parks_nothing() -> None:
    store = await a_store()
    await park_two_keys(store)
    made = await dead_letters(store)
    rows = await made.records(f"ledger|intake.reports|{report_id(1)}")
    await ended(made, await made.discard("anna", "sent by mistake", f"ledger|intake.reports|{report_id(1)}"))

    copies = [read(replace(record_of(row), offset=90 + n), 0) for n, row in enumerate(rows)]
    outcomes = await unit_of_work().run(await store.session(), copies)

    assert [outcome.result for outcome in outcomes] == ["again"] * len(rows)
    assert await store.count(PARKED, {}) == 1  # the other key's


async def test_one_record_can_be_discarded_and_the_rest_replayed() -> None:
    store = await a_store()
    await park_two_keys(store)
    made = await dead_letters(store)
    head = f"ledger|intake.reports|{report_id(1)}"

    await made.discard_record("anna", "broken", head, f"{head}#00000000")
    run = await ended(made, await made.replay("anna", parked_key=head))

    assert (run.counts, run.total) == ({"handled": 1}, 1)
    page = await store.get("pages", report_id(1))
    assert page is not None
    assert list(page["state"]["lines"]) == ["lift"]


async def test_replaying_by_reason_touches_no_other_key() -> None:
    store = await a_store()
    await park_two_keys(store)
    await unit_of_work().run(await store.session(), [read(record(opened(3), "early", 30), 0)])
    await unit_of_work().run(await store.session(), [command(3, "page")])
    made = await dead_letters(store)

    early = await ended(made, await made.replay("anna", reason="early"))
    rest = await ended(made, await made.replay("anna", topic="intake.reports"))

    assert early.counts == {"handled": 1}
    assert (rest.counts, rest.total) == ({"still-parked": 3}, 3)


async def test_what_is_not_parked_cannot_be_discarded() -> None:
    store = await a_store()

    made = await dead_letters(store)
    await park_two_keys(store)
    here, elsewhere = (f"ledger|intake.reports|{report_id(n)}" for n in (1, 2))

    with pytest.raises(Refused, match="nothing-parked"):
        await made.discard("anna", "why not", "nobody")
    with pytest.raises(Refused, match="nothing-parked"):
        await made.discard_record("anna", "why not", here, f"{elsewhere}#00000000")


async def test_a_stop_and_the_going_on_are_said_in_sequence_however_often() -> None:
    store = await a_store()
    made = await dead_letters(store)
    head = f"ledger|intake.reports|{report_id(1)}"
    for n in range(3):
        await unit_of_work().run(await store.session(), [read(record(registered(1, "bug"), f"e{n}", n), 0)])
        await ended(made, await made.discard("anna", "again", head))

    said = await store.query("outbox", {"aggregatetype": "ops.stalls"}, [("stamp", 1)])

    assert [row["type"] for row in said] == ["key-stalled.v1", "key-resumed.v1"] * 3
    assert [row["sequence"] for row in said] == [1, 2, 3, 4, 5, 6]
    assert {row["aggregateid"] for row in said} == {derive(head, "stall")}
    assert [row["size"] for row in await store.query(PARKED_KEYS, {})] == [0]


async def sent(store: Store, at: datetime, *rows: Raw) -> None:
    await store.insert_missing(OUTBOX, [{"slot": 0} | row for row in rows])
    await mark_sent(store, rows, at)


async def test_what_was_sent_since_a_time_goes_out_again_and_nothing_else() -> None:
    store = await a_store()
    made = await dead_letters(store)
    for n in range(10):
        await sent(store, NOW - timedelta(hours=4 * n), {"_id": f"f{n}", "slot": n, "stamp": n})
    await store.insert_missing("outbox_log_20261127", [former("former", 6)])

    run = await ended(made, await made.republish("anna", NOW - timedelta(hours=16)))

    assert (run.counts, run.total) == ({"republished": 6}, 6)
    again = await store.query(OUTBOX, UNSENT, [("stamp", 1)])
    assert again == [
        *({"_id": f"f{n}", "slot": n, "stamp": n} for n in range(5)),
        unsent(former("former", 6)),
    ]
    with pytest.raises(Refused, match="too-long-ago"):
        await made.republish("anna", NOW - timedelta(days=30))


def former(name: str, stamp: int) -> Raw:
    """A row of the log that the former build moved sent events to."""
    return {"_id": name, "slot": 7, "stamp": stamp, "sent_at": NOW - timedelta(hours=1)}


async def test_a_run_that_the_former_build_began_is_continued_where_it_stopped() -> None:
    store = await a_store()
    made = await dead_letters(store)
    for n in range(4):
        await sent(store, NOW - timedelta(hours=4 * n), {"_id": f"f{n}", "stamp": n})
    run = await made.republish("anna", NOW - timedelta(hours=16))
    await made.runs.advance(made.runs.kinds["republish"])
    cursor = (await made.runs.read(run.id)).cursor or {}
    place = {"day": "outbox_log_20261126", "sent_at": NOW - timedelta(hours=5), "stamp": 1, "seen": ["f2"]}
    await store.update(RUNS, [run.id], {"cursor": {"until": cursor["until"], "place": place}}, {})

    assert (await ended(made, run)).counts == {"republished": 2}


async def test_what_was_sent_together_goes_out_again_in_the_order_of_each_subject() -> None:
    store = await a_store()
    await sent(store, NOW, *({"_id": f"f{n:04}", "stamp": 2_000 - n} for n in range(1_200)))
    await sent(store, NOW + timedelta(milliseconds=1), *({"_id": f"g{n}", "stamp": 3_000} for n in range(2)))

    rows, end = await sent_between(store, NOW, NOW + timedelta(hours=1))
    more, _ = await sent_between(store, after(end), NOW + timedelta(hours=1))

    assert [row["stamp"] for row in rows] == sorted(row["stamp"] for row in rows)
    assert (len(rows), end, len(more)) == (1_200, NOW, 2)


async def test_what_the_former_build_sent_expires_by_the_time_of_its_sending() -> None:
    store = await a_store()
    await store.insert_missing("outbox_log_20261127", [former("former", 1)])

    assert [(index.collection, index.fields) for index in await former_indexes(store)] == [
        ("outbox_log_20261127", (("sent_at", 1),))
    ]


def test_rows_are_readable_whatever_bytes_are_in_them() -> None:
    assert readable([{"value": b"\xff", "headers": [["a", b"b"]]}]) == [
        {"value": "\\xff", "headers": [["a", "b"]]}
    ]
