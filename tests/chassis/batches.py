"""Batches of records as they lie on a partition, sound and damaged."""

import struct
from collections.abc import Sequence

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from chassis.transaction.parked import Record

GZIP, SNAPPY, LZ4, ZSTD, UNKNOWN = 1, 2, 3, 4, 6
CONTROL, APPEND_TIME = 0x20, 0x08


def batch_of(records: Sequence[Record], codec: int = 0, base: int = 0) -> bytes:
    """These records in one batch."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 1_000_000)
    for number, record in enumerate(records):
        builder.append(number, 1_000 + number, record.key, record.value, list(record.headers))
    return struct.pack(">q", base) + bytes(builder.build())[8:]


def marked(batch: bytes, attributes: int) -> bytes:
    """The batch with other attributes and a checksum that is right."""
    raw = bytearray(batch)
    struct.pack_into(">h", raw, 21, attributes)
    return checked(raw)


def checked(batch: bytes | bytearray) -> bytes:
    """The batch with a checksum that is right."""
    raw = bytearray(batch)
    struct.pack_into(">I", raw, 17, calc_crc32c(memoryview(raw)[21:]))
    return bytes(raw)
