"""A fetch that does not fail on one bad record: for batches with an invalid header name or an unknown codec, which aiokafka cannot fetch."""

import struct
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import (
    gzip_decode,
    has_lz4,
    has_snappy,
    has_zstd,
    lz4_decode,
    snappy_decode,
    zstd_decode,
)
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.util import calc_crc32c

from chassis.errors import Unavailable
from chassis.transaction.parked import UNREADABLE
from contracts.connection import Connection

_BATCH = struct.Struct(">qiibIhiqqqhii")
_BEFORE_LENGTH, _CHECKED = 12, 21
_FETCH_BYTES = 1_048_576
_CODECS = {1: gzip_decode, 2: snappy_decode, 3: lz4_decode, 4: zstd_decode}
_CODEC, _APPEND_TIME, _CONTROL = 0x07, 0x08, 0x20
_MOST_OPAQUE = 10_000  # records of one batch: the count in its header may be wrong too


class Opaque(ConsumerRecord):  # type: ignore[misc]
    """A record of an unreadable batch: its offset, and for the first record of the batch the bytes of the batch."""

    def reason(self) -> str:
        """Why the batch is unreadable."""
        return str(self.headers[0][1].decode())


class Unreadable(Exception):
    """A batch of records cannot be decoded; the text says why."""


def unread_codecs() -> tuple[str, ...]:
    """The compression codecs of Kafka that this installation cannot decode."""
    there = {"snappy": has_snappy(), "lz4": has_lz4(), "zstd": has_zstd()}
    return tuple(name for name, has in there.items() if not has)


async def fetch(kafka: Connection, places: Mapping[TopicPartition, int]) -> dict[TopicPartition, list[Any]]:
    """The records of each partition from its offset on; records of unreadable batches are opaque.

    Raises Unavailable when the broker does not answer.
    """
    client = AIOKafkaClient(**kafka.aiokafka(), client_id="ascolto-lenient")
    try:
        await client.bootstrap()
        await client.set_topics({place.topic for place in places})
        return {place: await _fetch(client, place, offset) for place, offset in places.items()}
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"kafka: {type(error).__name__}") from error
    finally:
        await client.close()


async def _fetch(client: AIOKafkaClient, place: TopicPartition, offset: int) -> list[Any]:
    leader = client.cluster.leader_for_partition(place)
    if leader is None or leader < 0:
        raise Unavailable(f"kafka: no leader for {place.topic}/{place.partition}")
    wanted = [(place.topic, [(place.partition, offset, _FETCH_BYTES)])]
    answer = await client.send(leader, FetchRequest(100, 1, _FETCH_BYTES, 0, wanted, rack_id=""))
    data = bytes(answer.topics[0][1][0][-1] or b"")
    return [raw for batch in _batches(data) for raw in _records(place, batch, offset)]


def _batches(data: bytes) -> Iterator[bytes]:
    position = 0
    while position + _BATCH.size <= len(data):
        length = struct.unpack_from(">i", data, position + 8)[0] + _BEFORE_LENGTH
        if position + length > len(data):
            return  # the broker truncates the last batch at the size limit
        if length < _BATCH.size:
            yield data[position:]
            return
        yield data[position : position + length]
        position += length


def base_of(batch: bytes) -> int:
    """The base offset of a batch."""
    return int(_BATCH.unpack_from(batch)[0])


def _records(place: TopicPartition, batch: bytes, begin: int = 0) -> list[Any]:
    try:
        return [raw for raw in read_batch(place, batch) if raw.offset >= begin]
    except Unreadable as unreadable:
        return _opaque(place, batch, begin, str(unreadable))


def read_batch(place: TopicPartition, batch: bytes) -> list[Any]:
    """All records of an encoded batch; raises Unreadable."""
    try:
        return _read(place, batch)
    except Exception as error:
        # Decoders raise unrelated types: the errors of zlib, cramjam and Python have no common base class.
        reason = str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
        raise Unreadable(reason) from error


def _read(place: TopicPartition, batch: bytes) -> list[Any]:
    base, _, _, magic, crc, attributes, last_delta, first, last, *_, count = _BATCH.unpack_from(batch)
    codec = attributes & _CODEC
    if magic != 2 or codec not in (0, *_CODECS):
        raise Unreadable(f"format {magic}, codec {codec}")
    if crc != calc_crc32c(memoryview(batch)[_CHECKED:]):
        raise Unreadable("its checksum differs")
    if attributes & _CONTROL:
        return []  # a transaction marker
    body = batch[_BATCH.size :]
    reader = _Reader(_CODECS[codec](body) if codec else body)
    appended = last if attributes & _APPEND_TIME else None
    raws = [_record(place, reader, base, first, appended) for _ in range(count)]
    offsets = [base - 1, *(raw.offset for raw in raws), base + last_delta + 1]
    if any(offset >= after for offset, after in pairwise(offsets)):
        raise Unreadable("its offsets are not those of its head")
    return raws


def _record(place: TopicPartition, reader: "_Reader", base: int, first: int, appended: int | None) -> Any:
    end = reader.number() + reader.position
    reader.number()  # attributes: one byte, decodable as a varint
    delta = reader.number()
    time = first + delta if appended is None else appended
    offset = base + reader.number()
    key, value = reader.data(), reader.data()
    headers = [
        ((reader.data() or b"").decode("utf-8", "backslashreplace"), reader.data())
        for _ in range(reader.number())
    ]
    if reader.position != end:
        raise Unreadable("a record is not as long as it says")
    return ConsumerRecord(
        place.topic, place.partition, offset, time, 0, key, value, None, 0, 0, tuple(headers)
    )


def _opaque(place: TopicPartition, batch: bytes, begin: int, reason: str) -> list[Any]:
    base, last_delta, time = (_BATCH.unpack_from(batch)[field] for field in (0, 6, 7))
    first, end = max(base, begin), base + last_delta + 1
    # Part of a parked record's receipt id, so the wording of this text and of every reason must not change.
    text = f"a batch of {last_delta + 1} records that nobody here can read: {reason}"
    headers = ((UNREADABLE, text.encode()),)
    return [
        Opaque(
            place.topic,
            place.partition,
            offset,
            time,
            0,
            None,
            batch if offset == first else None,
            None,
            0,
            0,
            headers,
        )
        for offset in range(first, min(end, first + _MOST_OPAQUE))
    ]


class _Reader:
    """Reads varints and byte strings of a record batch."""

    def __init__(self, data: bytes) -> None:
        self._data, self.position = data, 0

    def number(self) -> int:
        """A zigzag varint."""
        value, shift = 0, 0
        while True:
            byte = self._data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise ValueError("a number does not end")

    def data(self) -> bytes | None:
        """A byte string with a length prefix; None for a negative length."""
        length = self.number()
        if length < 0:
            return None
        if self.position + length > len(self._data):
            raise ValueError("a byte string is longer than its batch")
        found = self._data[self.position : self.position + length]
        self.position += length
        return bytes(found)
