"""Records byte for byte: golden records, partitions, and a stream with duplicates, unknown types and malformed records."""

import json
from typing import Any

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from chassis.consumer.records import read
from chassis.transaction.parked import Record
from contracts.envelope import Malformed, UnknownType, read_envelope, read_event
from contracts.partitions import murmur2, partition_of
from contracts.samples import golden
from contracts.topics import BY_TYPE
from contracts.validation import record_problems
from stack.tools import REPOSITORY

HOME = REPOSITORY / "contracts"
# From the tests of Apache Kafka's own Utils.murmur2.
KAFKAS_OWN = {
    "21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}  # fmt: skip
VECTORS = json.loads((HOME / "vectors/partitions.json").read_text())
STREAM = json.loads((HOME / "vectors/stream.json").read_text())


def headers_of(record: dict[str, Any]) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in record["headers"].items()]


@pytest.mark.parametrize("tag", BY_TYPE)
def test_a_golden_record_is_read_and_written_as_the_same_bytes(tag: str) -> None:
    for record in json.loads((HOME / f"golden/{tag}.json").read_text()):
        envelope, value = read_envelope(headers_of(record)), record["value"].encode()
        event = read_event(tag, value)

        assert event.body() == value
        assert event.subject == record["key"]
        assert sorted(envelope.headers()) == sorted(headers_of(record))
        assert (
            partition_of(record["key"], 3 if record["topic"] == "ops.stalls" else 12) == record["partition"]
        )


@pytest.mark.parametrize("tag", BY_TYPE)
def test_the_consumers_of_the_services_read_every_golden_record(tag: str) -> None:
    for record in golden(BY_TYPE[tag]):
        raw = Record(
            record["topic"], 0, 0, record["key"].encode(), record["value"].encode(), headers_of(record)
        )

        assert read(raw, 0).body == read_event(tag, record["value"].encode())


@pytest.mark.parametrize("key", KAFKAS_OWN)
def test_the_hash_is_the_one_of_the_official_client(key: str) -> None:
    signed = {vector["key"]: vector["murmur2"] for vector in VECTORS}

    assert signed[key] == KAFKAS_OWN[key]


@given(st.binary(max_size=100))
def test_the_hash_agrees_with_another_implementation(key: bytes) -> None:
    assert murmur2(key) == reference(key) & 0xFFFFFFFF


def test_the_vectors_reach_many_partitions() -> None:
    assert len(VECTORS) >= 30
    for count in ("6", "12", "24"):
        assert len({vector[count] for vector in VECTORS}) > int(count) / 2


def test_a_stream_is_read_as_it_is_described() -> None:
    seen: list[str] = []
    state = {}
    for record in STREAM["records"]:
        fate = fate_of(record, seen)
        assert fate == record["fate"]
        if fate == "new":
            seen.append(record["headers"]["ce_id"])
            state[record["key"]] = record["headers"]["ce_type"]

    assert seen == STREAM["ids"]
    assert state == STREAM["state"]


def fate_of(record: dict[str, Any], seen: list[str]) -> str:
    envelope = read_envelope(headers_of(record))
    if envelope.id in seen:
        return "copy"
    try:
        read_event(envelope.type, record["value"] and record["value"].encode())
    except UnknownType:
        return "unknown type"
    except Malformed:
        return "broken"
    return "new"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"key": "another"}, "key: is another"),
        ({"value": "{"}, "value: is not JSON"),
        ({"value": "{}"}, "report_id: Field required"),
        ({"headers": {}}, "header ce_id is missing"),
    ],
)
def test_a_problem_of_a_record_is_reported(change: dict[str, Any], problem: str) -> None:
    record = golden(BY_TYPE["case-opened.v1"])[0]

    assert record_problems(record) == []
    assert problem in record_problems(record | change)[0]


@pytest.mark.parametrize("name", ["ce_dataschema", "ce_partitionkey", "content-type"])
def test_a_missing_header_is_reported_even_when_the_services_do_not_need_it(name: str) -> None:
    record = golden(BY_TYPE["case-opened.v1"])[0]
    fewer = {header: value for header, value in record["headers"].items() if header != name}

    assert f"header {name}" in record_problems(record | {"headers": fewer})[0]
