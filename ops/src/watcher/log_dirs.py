"""The DescribeLogDirs request of Kafka, which aiokafka lacks: disk space of a broker and of its topics."""

from collections import Counter
from typing import Any, ClassVar, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

_TAGS = ("tags", TaggedFields)
_NAME = CompactString("utf-8")
_PARTITION = (("partition", Int32), ("bytes", Int64), ("offset_lag", Int64), ("future", Boolean), _TAGS)
_TOPIC = (("name", _NAME), ("partitions", CompactArray(*_PARTITION)), _TAGS)
_FOLDER = (
    ("error_code", Int16),
    ("folder", _NAME),
    ("topics", CompactArray(*_TOPIC)),
    ("size", Int64),
    ("free", Int64),
    _TAGS,
)


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 35
    API_VERSION = 4
    SCHEMA = Schema(("throttle_ms", Int32), ("error_code", Int16), ("folders", CompactArray(*_FOLDER)), _TAGS)


class _Struct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = 35
    API_VERSION = 4
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic", _NAME), ("partitions", CompactArray(Int32)), _TAGS)), _TAGS
    )


class _DescribeLogDirs(Request[_Struct]):  # type: ignore[misc]
    API_KEY = 35

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        return request_struct_class(None, {})


class Disk(NamedTuple):
    """The disk of a broker: size, free space and the space used by each topic, in bytes."""

    size: int
    free: int
    topics: Counter[str]


async def disk(client: AIOKafkaClient, broker: int) -> Disk:
    """Asks one broker; the fullest of its log directories stands for the disk."""
    answer: Any = await client.send(broker, _DescribeLogDirs())
    topics: Counter[str] = Counter()
    fullest = (0, 0)
    for _, _, found, size, free, _ in answer.folders:
        fullest = min(fullest, (size, free), key=lambda one: one[1] / one[0] if one[0] > 0 else 2)
        for name, partitions, _ in found:
            topics[name] += sum(row[1] for row in partitions)
    return Disk(*fullest, topics)
