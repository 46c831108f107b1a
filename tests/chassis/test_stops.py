"""A partition whose next batch nobody here can read stops, until it can be read or somebody lets it be stepped over."""

import logging
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaConnectionError,
    UnsupportedCodecError,
)
from hypothesis import given
from hypothesis import strategies as st
from tests.chassis.batches import (
    APPEND_TIME,
    CONTROL,
    GZIP,
    LZ4,
    SNAPPY,
    UNKNOWN,
    ZSTD,
    batch_of,
    checked,
    marked,
)
from tests.chassis.ledger import a_store, record, registered, report_id, unit_of_work
from tests.chassis.test_dead_letters import dead_letters, ended
from tests.chassis.test_stall_detector import TwoWords
from tests.chassis.test_workers import TOPIC, QuietDelivery, delivery_on, handled

from chassis.consumer import raw_fetch as lenient
from chassis.consumer.records import read, record_from
from chassis.consumer.stall_detector import StallDetector
from chassis.consumer.stopped_partitions import TRY_AGAIN_SECONDS, StoppedPartitions
from chassis.consumer.subscription import _is_record_error
from chassis.store.collections import PARKED, PARKED_KEYS
from chassis.store.port import Store
from chassis.transaction.inputs import Result
from chassis.transaction.parked import UNREADABLE, Record, parked_key_id, record_of
from contracts.connection import Connection

BAD, GOOD = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


def lies(report: int, offset: int = 0, category: str = "lift") -> Record:
    return record(registered(report, category), f"e-{report}-{offset}", offset)


class Reader:
    """A delivery whose broker has these batches in the first partition, and one sound record in the second."""

    def __init__(self, delivery: QuietDelivery, *batches: bytes) -> None:
        self.now, self.delivery, self.batches = 0.0, delivery, list(batches)
        self.stopped_partitions = delivery.stopped_partitions = StoppedPartitions(
            Connection(""), delivery.claims, delivery.source, delivery.metrics, lambda: self.now, self._fetch
        )

    async def _fetch(
        self, _: Connection, places: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, list[Any]]:
        there = {BAD: b"".join(self.batches), GOOD: batch_of([lies(100)])}
        return {
            tp: [raw for one in lenient._batches(there[tp]) for raw in lenient._records(tp, one, place)]
            for tp, place in places.items()
        }

    async def step(self, limit: int = 500) -> dict[int, list[int]]:
        """Read once past what the library cannot fetch, and handle what is found; says which offsets."""
        held = self.delivery.claims.held
        found = await self.stopped_partitions.read({tp: claim.next for tp, claim in held.items()}, limit)
        await handled(self.delivery, [raw for raws in found.values() for raw in raws])
        return {tp.partition: [raw.offset for raw in raws] for tp, raws in found.items()}


async def positions(store: Store, *batches: bytes) -> Reader:
    return Reader(await delivery_on(store), *batches)


async def categories(store: Store, report: int) -> list[str]:
    row = await store.get("pages", report_id(report))
    return list(row["state"]["lines"]) if row and row["state"] else []


def unreadable(base: int, *records: Record) -> bytes:
    return marked(batch_of(records, base=base), UNKNOWN)


async def test_what_lies_behind_a_batch_that_cannot_be_read_is_not_handled_and_other_partitions_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = await a_store()
    reader = await positions(
        store,
        batch_of([lies(1)]),
        unreadable(1, lies(1, 1, "second"), lies(2)),
        batch_of([lies(1, 3, "third")], base=3),
    )

    assert await reader.step() == {0: [0], 1: [0]}
    with caplog.at_level(logging.INFO, "ascolto"):
        assert [await reader.step() for _ in range(3)] == [{}] * 3

    assert await categories(store, 1) == ["lift"]
    assert await store.count(PARKED, {}) == 0
    assert reader.stopped_partitions.describe() == [
        "intake.reports/0 at 1: a batch of 2 records that nobody here can read: format 2, codec 6"
    ]
    assert reader.delivery.metrics.stopped.labels(TOPIC, "0")._value.get() == 1
    said = [one.__dict__["fields"] for one in caplog.records if one.getMessage() == "partition stopped"]
    assert [(one["topic"], one["partition"], one["offset"]) for one in said] == [(TOPIC, 0, 1)]
    assert (0, 1) in reader.delivery.source.sought
    assert reader.delivery.source.holds == {BAD}


async def test_a_batch_that_somebody_lets_be_stepped_over_is_parked_and_only_that_one() -> None:
    store = await a_store()
    bad = unreadable(0, lies(1), lies(2))
    reader = await positions(store, bad, unreadable(2, lies(3), lies(4)), batch_of([lies(5)], base=4))
    await reader.step()

    place = await (await dead_letters(store)).step_over("ada", "from a foreign client", TOPIC, 0, 0)
    await reader.stopped_partitions.check()
    steps = [await reader.step(), await reader.step()]

    assert place == "intake.reports/0/0"
    assert steps == [{0: [0, 1]}, {}]
    assert [one["action"] for one in await store.query("audit", {})] == ["step-over"]
    rows = await store.query(PARKED, {}, [("offset", 1)])
    assert [(row["offset"], row["reason"], row["value"]) for row in rows] == [
        (0, "poison", bad),
        (1, "poison", None),
    ]
    assert [stop.offset for stop in reader.stopped_partitions.stopped.values()] == [2]


async def test_a_batch_that_is_stepped_over_in_pieces_needs_one_word() -> None:
    store = await a_store()
    reader = await positions(store, unreadable(0, *(lies(n) for n in range(5))), batch_of([lies(9)], base=5))
    await (await dead_letters(store)).step_over("ada", "too old", TOPIC, 0, 0)

    steps = [(await reader.step(limit=2))[0] for _ in range(4)]

    assert steps == [[0, 1], [2, 3], [4], [5]]
    assert reader.stopped_partitions.describe() == []


async def test_a_stopped_partition_is_tried_again_and_goes_on_once_its_batch_can_be_read() -> None:
    store = await a_store()
    reader = await positions(store, unreadable(0, lies(1)))
    await reader.step()

    reader.now += TRY_AGAIN_SECONDS - 1
    await reader.stopped_partitions.check()
    assert reader.delivery.source.holds == {BAD}
    reader.now += 2
    await reader.stopped_partitions.check()
    assert reader.delivery.source.holds == set()
    reader.batches = [batch_of([lies(1)], SNAPPY)]
    assert (await reader.step())[0] == [0]

    assert await categories(store, 1) == ["lift"]
    assert (reader.stopped_partitions.describe(), await store.count(PARKED, {})) == ([], 0)
    assert reader.delivery.metrics.stopped.labels(TOPIC, "0")._value.get() == 0


async def test_a_partition_that_was_read_on_by_the_library_or_is_not_ours_any_more_has_not_stopped() -> None:
    store = await a_store()
    reader = await positions(store, unreadable(0, lies(1)))
    await reader.step()
    claim = reader.delivery.claims.held[BAD]
    claim.fence = claim.advanced(1)

    await reader.stopped_partitions.check()

    assert (reader.stopped_partitions.describe(), reader.delivery.source.holds) == ([], set())


@pytest.mark.parametrize("codec", [0, GZIP, SNAPPY, LZ4, ZSTD])
def test_a_batch_is_read_whatever_it_is_compressed_with(codec: int) -> None:
    records = [lies(n, n) for n in range(5)]

    raws = lenient.read_batch(BAD, batch_of(records, codec, 7))

    assert [(raw.offset, raw.key, raw.value, list(raw.headers)) for raw in raws] == [
        (7 + n, one.key, one.value, list(one.headers)) for n, one in enumerate(records)
    ]


@pytest.mark.parametrize("codec", [0, GZIP, SNAPPY, LZ4, ZSTD])
@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_damaged_batch_is_opaque_and_its_bytes_are_with_the_first_record(codec: int, cut: int) -> None:
    whole = batch_of([lies(n, n) for n in range(3)], codec, 7)
    damages: Sequence[bytes] = (
        checked(whole[:-cut]),
        checked(whole[:61] + b"\xff" * cut + whole[61 + cut :]),
        whole[:-1] + bytes([whole[-1] ^ 1]),
    )

    for damaged in damages:
        raws = lenient._records(BAD, damaged, 8)
        assert [(raw.offset, raw.value) for raw in raws] == [(8, damaged), (9, None)]
        assert all(read(record_from(raw), 0).unreadable for raw in raws)


@given(st.data(), st.sampled_from((0, GZIP, SNAPPY, LZ4, ZSTD)))
def test_any_damage_leaves_the_offsets_of_the_batch_or_opaque_ones(data: st.DataObject, codec: int) -> None:
    whole = bytearray(batch_of([lies(n, n) for n in range(3)], codec, 7))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(21, len(whole) - 1))] = data.draw(st.integers(0, 255))
    struct.pack_into(">i", whole, 23, 2)

    raws = lenient._records(BAD, checked(whole), 7)

    offsets = [raw.offset for raw in raws]
    assert offsets == sorted(set(offsets))
    assert set(offsets) <= {7, 8, 9}
    assert [raw.value for raw in raws if isinstance(raw, lenient.Opaque)][:1] in ([], [checked(whole)])


def test_every_codec_of_kafka_can_be_read_here() -> None:
    assert lenient.unread_codecs() == ()


@pytest.mark.parametrize(
    ("error", "about_a_record"),
    [
        (zlib.error("bad"), True),
        (EOFError(), True),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "bad"), True),
        (UnsupportedCodecError(), True),
        (CorruptRecordException(), True),
        (KafkaConnectionError(), False),
        (ConsumerStoppedError(), False),
    ],
)
def test_whatever_a_decoder_raises_is_about_a_record(error: Exception, about_a_record: bool) -> None:
    assert _is_record_error(error) is about_a_record


async def test_a_partition_that_has_stopped_is_not_stuck_and_hides_no_other_that_is() -> None:
    store = await a_store()
    reader = await positions(store, unreadable(0, lies(1)))
    await reader.step()
    claims, source = reader.delivery.claims, TwoWords()
    source.known, source.true, source.first = {BAD: 1, GOOD: 1}, {BAD: 1, GOOD: 1}, {BAD: 0, GOOD: 0}
    stall_detector = StallDetector("ledger", claims, source, reader.delivery.metrics, lambda: reader.now)
    stall_detector.stopped = reader.stopped_partitions.stopped

    async def still(seconds: int) -> bool:
        for _ in range(seconds):
            reader.now += 1
            await stall_detector.check()
        return stall_detector.is_stalled(45)

    assert not await still(100)
    source.known, source.true = {BAD: None, GOOD: 1}, {BAD: 1, GOOD: 1}
    assert not await still(100)
    source.known, source.true = {BAD: 1, GOOD: 2}, {BAD: 1, GOOD: 2}
    assert await still(100)


def test_the_end_of_a_transaction_is_nobodys_record_and_the_brokers_time_counts_where_it_writes_it() -> None:
    whole = batch_of([lies(1), lies(2)])

    assert lenient.read_batch(BAD, marked(whole, CONTROL)) == []
    assert {raw.timestamp for raw in lenient.read_batch(BAD, marked(whole, APPEND_TIME))} == {1_001}


def test_a_length_that_cannot_be_does_not_hold_the_reader_for_ever() -> None:
    data = b"\0" * 8 + b"\xff\xff\xff\xf4" + b"\0" * 60

    assert list(lenient._batches(data)) == [data]


async def _parked(store: Store, batch: bytes, begin: int = 0) -> list[str]:
    """Park the batch as one that could not be read then; returns the heads in order."""
    raws = lenient._opaque(BAD, batch, begin, "snappy is not here")
    await unit_of_work().run(await store.session(), [read(record_from(raw), 0) for raw in raws])
    return [row["_id"] for row in await store.query(PARKED_KEYS, {}, [("_id", 1)])]


@pytest.mark.parametrize("older_build", [False, True])
async def test_a_parked_batch_that_can_be_read_now_is_handled_record_by_record_in_order(
    older_build: bool,
) -> None:
    store = await a_store()
    records = [lies(1, 0, "first"), lies(2, 1, "bug"), lies(1, 2, "second"), lies(2, 3, "behind"), lies(3, 4)]
    await _parked(store, batch_of(records, SNAPPY))
    if older_build:
        rows = [{k: v for k, v in row.items() if k != "opaque"} for row in await store.query(PARKED, {})]
        await store.delete(PARKED, [row["_id"] for row in rows])
        await store.insert_missing(PARKED, rows)

    made = await dead_letters(store)
    run = await ended(made, await made.replay("ada"))

    assert run.counts == {"handled": 3, "still-parked": 2}
    assert [await categories(store, n) for n in (1, 2, 3)] == [["first", "second"], [], ["lift"]]
    rows = await store.query(PARKED, {}, [("_id", 1)])
    assert [(row["head"], row["offset"], row["reason"]) for row in rows] == [
        (parked_key_id("ledger", TOPIC, report_id(2)), 1, "failed"),
        (parked_key_id("ledger", TOPIC, report_id(2)), 3, "behind"),
    ]


async def test_a_parked_batch_that_still_cannot_be_read_stays_with_its_bytes() -> None:
    store = await a_store()
    bad = unreadable(0, lies(1))
    (head,) = await _parked(store, bad)

    made = await dead_letters(store)
    run = await ended(made, await made.replay("ada", head))

    assert run.counts == {"still-parked": 1}
    assert [row["value"] for row in await store.query(PARKED, {})] == [bad]


async def test_records_of_a_batch_that_was_begun_before_are_handled_from_there_on() -> None:
    store = await a_store()
    heads = await _parked(store, batch_of([lies(1, 0, "first"), lies(1, 1, "second")], ZSTD), begin=1)

    made = await dead_letters(store)
    await ended(made, await made.replay("ada", heads[0]))

    assert await categories(store, 1) == ["second"]


async def test_copies_of_the_records_of_a_batch_that_was_given_up_are_known() -> None:
    store = await a_store()
    heads = await _parked(store, batch_of([lies(1)], LZ4))
    made = await dead_letters(store)
    await ended(made, await made.discard("ada", "sent again", heads[0]))

    (outcome,) = await unit_of_work().run(await store.session(), [read(lies(1, 0), 0)])

    assert outcome.result is Result.AGAIN


async def test_a_header_that_a_producer_names_like_ours_is_a_header_like_any_other() -> None:
    store = await a_store()
    inner = batch_of([lies(7, 0, "smuggled")])
    forged = Record(TOPIC, 0, 0, None, inner, [(UNREADABLE, b"a batch that nobody can read")])
    known = lies(1)
    named = replace(known, headers=[(UNREADABLE, b"x"), *known.headers], offset=1)

    results = [
        one.result
        for one in await unit_of_work().run(await store.session(), [read(forged, 0), read(named, 0)])
    ]
    (row,) = await store.query(PARKED, {})
    made = await dead_letters(store)
    run = await ended(made, await made.replay("ada"))

    assert results == [Result.PARKED, Result.DONE]
    assert (row["detail"], record_of(row).opaque) == ("header ce_id is missing or empty", False)
    assert run.counts == {"still-parked": 1}
    assert await categories(store, 7) == []
