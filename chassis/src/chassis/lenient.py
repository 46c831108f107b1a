"""A reader for what the client library cannot fetch: one bad header name or an unknown codec must not stop a partition."""

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest

from chassis.errors import Unavailable
from contracts.connection import Connection

UNREADABLE = "ascolto-unreadable"
_BATCH = struct.Struct(">qiibIhiqqqhii")
_BEFORE_LENGTH = 12
_FETCH_BYTES = 1_048_576
_CODECS = {1: gzip_decode, 2: snappy_decode, 3: lz4_decode, 4: zstd_decode}


async def fetch(kafka: Connection, places: Mapping[TopicPartition, int]) -> dict[TopicPartition, list[Any]]:
    """The records of each partition from its offset on, read with patience; raises Unavailable without the broker."""
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
    return [raw for batch in _batches(data) for raw in _records(place, batch) if raw.offset >= offset]


def _batches(data: bytes) -> Iterator[bytes]:
    position = 0
    while position + _BATCH.size <= len(data):
        length = struct.unpack_from(">i", data, position + 8)[0] + _BEFORE_LENGTH
        if position + length > len(data):
            return  # the broker cuts the last batch where the bytes end
        yield data[position : position + length]
        position += length


def _records(place: TopicPartition, batch: bytes) -> list[Any]:
    base, _, _, magic, _, attributes, last_delta, first_time, *_, count = _BATCH.unpack_from(batch)
    codec = attributes & 0x07
    try:
        if magic != 2 or codec not in (0, *_CODECS):
            raise ValueError(f"format {magic}, codec {codec}")
        body = batch[_BATCH.size :]
        reader = _Reader(_CODECS[codec](body) if codec else body)
        return [_record(place, reader, base, first_time) for _ in range(count)]
    except (ValueError, IndexError, struct.error, RuntimeError, OSError, KafkaError) as error:
        reason = f"a batch of {last_delta + 1} records that nobody here can read: {error}"
        return [
            _opaque(place, base + n, first_time, batch if n == 0 else None, reason)
            for n in range(last_delta + 1)
        ]


def _record(place: TopicPartition, reader: "_Reader", base: int, first_time: int) -> Any:
    reader.number()  # length
    reader.number()  # attributes, one byte that reads as a number
    time = first_time + reader.number()
    offset = base + reader.number()
    key, value = reader.data(), reader.data()
    headers = [
        ((reader.data() or b"").decode("utf-8", "backslashreplace"), reader.data())
        for _ in range(reader.number())
    ]
    return ConsumerRecord(
        place.topic, place.partition, offset, time, 0, key, value, None, 0, 0, tuple(headers)
    )


def _opaque(place: TopicPartition, offset: int, time: int, data: bytes | None, reason: str) -> Any:
    headers = ((UNREADABLE, reason.encode()),)
    return ConsumerRecord(place.topic, place.partition, offset, time, 0, None, data, None, 0, 0, headers)


class _Reader:
    """Reads the varints and byte strings of a record batch."""

    def __init__(self, data: bytes) -> None:
        self._data, self._position = data, 0

    def number(self) -> int:
        """A zigzag varint."""
        value, shift = 0, 0
        while True:
            byte = self._data[self._position]
            self._position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise ValueError("a number does not end")

    def data(self) -> bytes | None:
        """A byte string with its length before it; a negative length is none."""
        length = self.number()
        if length < 0:
            return None
        if self._position + length > len(self._data):
            raise ValueError("a byte string is longer than its batch")
        found = self._data[self._position : self._position + length]
        self._position += length
        return bytes(found)
