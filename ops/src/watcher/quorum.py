"""The DescribeQuorum request of Kafka, which aiokafka lacks: voters and observers of the metadata quorum."""

from collections.abc import Iterable
from typing import Any, ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

_TAGS = ("tags", TaggedFields)
_NAME = CompactString("utf-8")
_MEMBER = (("member", Int32), ("log_end", Int64), ("fetched_ms", Int64), ("caught_up_ms", Int64), _TAGS)
_PARTITION = (
    ("partition", Int32),
    ("error_code", Int16),
    ("leader", Int32),
    ("epoch", Int32),
    ("high_watermark", Int64),
    ("voters", CompactArray(*_MEMBER)),
    ("observers", CompactArray(*_MEMBER)),
    _TAGS,
)
_TOPIC = (("name", _NAME), ("partitions", CompactArray(*_PARTITION)), _TAGS)


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 55
    API_VERSION = 1
    SCHEMA = Schema(("error_code", Int16), ("topics", CompactArray(*_TOPIC)), _TAGS)


class _Struct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = 55
    API_VERSION = 1
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic", _NAME), ("partitions", CompactArray(("partition", Int32), _TAGS)), _TAGS),
        ),
        _TAGS,
    )


class _DescribeQuorum(Request[_Struct]):  # type: ignore[misc]
    API_KEY = 55

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        return request_struct_class([("__cluster_metadata", [(0, {})], {})], {})


async def without_vote(client: AIOKafkaClient, broker: int) -> int:
    """The number of brokers that observe the metadata log without a vote; raises KafkaError while it has no leader.

    With three brokers, no voter may be stopped while this is not 0.
    """
    answer: Any = await client.send(broker, _DescribeQuorum())
    if answer.error_code:
        raise for_code(answer.error_code)()
    [(_, [(_, error_code, _, _, _, voters, observers, _)], _)] = answer.topics
    if error_code:
        raise for_code(error_code)()
    return _without_vote(voters, observers)


def _without_vote(voters: Iterable[tuple[Any, ...]], observers: Iterable[tuple[Any, ...]]) -> int:
    """Counts observers. A broker whose disk was lost is listed twice for a while; the entry that fetched last is the current one."""
    last: dict[int, tuple[int, bool]] = {}
    for rows, votes in ((voters, True), (observers, False)):
        for member, _, fetched, *_ in rows:
            last[member] = max(last.get(member, (-2, False)), (fetched, votes))
    return sum(not votes for _, votes in last.values())
