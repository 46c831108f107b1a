"""Every kind of poison is undecodable, on every consumed topic."""

import time

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from bench.faults.corpus import Draft, Kind, kinds
from bench.faults.poison import SUBSCRIBED, Poison, _patched, _violations, send, valid_record
from confluent_kafka import Producer

from contracts.envelope import Malformed, UnknownType, read_envelope, read_event
from contracts.topics import Topic
from stack.account_sources import read_topics
from stack.system import System

NOT_BY_READING = {"a codec that does not exist", "ce_time 0001-01-01T00:00:00+14:00"}


def understood(draft: Draft) -> bool:
    envelope = read_envelope(draft.headers)
    body = read_event(envelope.type, draft.value)
    return draft.key is not None and body.subject == draft.key.decode("utf-8", "replace")


def test_there_are_at_least_forty_kinds_and_no_two_alike() -> None:
    names = [kind.name for kind in kinds()]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("topic", SUBSCRIBED, ids=lambda topic: topic.name)
def test_a_valid_record_is_decoded_so_that_only_the_corruption_matters(topic: Topic) -> None:
    assert understood(valid_record(topic, 1))


@pytest.mark.parametrize("topic", SUBSCRIBED, ids=lambda topic: topic.name)
@pytest.mark.parametrize(
    "kind", [kind for kind in kinds() if kind.name not in NOT_BY_READING], ids=lambda kind: kind.name
)
def test_no_kind_is_decoded_and_only_unknown_types_are_skipped(kind: Kind, topic: Topic) -> None:
    draft = kind.corrupt(valid_record(topic, 1))
    try:
        assert not understood(draft)
        skipped = False
    except UnknownType:
        skipped = True
    except (Malformed, ValueError, RecursionError):
        skipped = False
    assert skipped == (kind.expect == "skipped")


def test_a_patch_breaks_bytes_and_keeps_the_checksum_right() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 100_000)
    builder.append(0, None, b"k", b"v", [("x-broken-name", b"1")])
    draft = Draft(b"k", b"v", [], patch=(b"x-broken-name", b"x-\xff\xfeoken-name"))
    batch = DefaultRecordBatch(bytearray(_patched(bytes(builder.build()), draft)))
    assert batch.validate_crc()
    with pytest.raises(UnicodeDecodeError):
        list(batch)


def test_a_poison_is_parked_once_with_its_bytes_and_a_reason() -> None:
    poison = Poison("no JSON", "intake.reports", 0, 7, "parked", b"x")
    good = {"reason": "poison", "detail": "no JSON", "value": b"x"}
    assert list(_violations(poison, [good])) == []
    assert list(_violations(poison, [])) == ["is parked 0 times instead of 1"]
    assert list(_violations(poison, [good, good])) == ["is parked 2 times instead of 1"]
    assert list(_violations(poison, [good | {"value": b"y"}])) == ["is parked with other bytes"]
    assert list(_violations(poison, [good | {"detail": ""}])) == ["is parked without a reason"]


@pytest.mark.engines
async def test_the_account_skips_a_header_name_that_is_not_utf8(engines: System) -> None:
    engines.provision()
    began, topic, kafka = time.time() - 1, SUBSCRIBED[0], engines.kafka.admin
    producer, subjects = Producer(kafka.librdkafka()), set[str]()
    for number in range(300):  # enough for the interpreter to specialise the code
        draft = valid_record(topic, number)
        producer.produce(topic.name, draft.value, draft.key, headers=draft.headers)
        subjects.add((draft.key or b"").decode())
    assert producer.flush(20) == 0
    spare = {kind.name for kind in kinds()} - {"a header name that is not UTF-8"}
    poisons, refused = await send(kafka, [topic], 1_000, spare)

    facts, _ = read_topics(kafka, subjects, began)

    assert (len(poisons), refused) == (1, {})
    assert {fact.subject for fact in facts} == subjects
