"""Topic ids: a topic that was deleted and created again under the same name is another topic, and its offsets start again."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from chassis.errors import Unavailable
from contracts.connection import Connection

TIMEOUT_SECONDS = 10.0  # the library waits 40 s or more, which would look like a stall


class _Uuid(AbstractType[str]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: str) -> bytes:
        return uuid.UUID(value).bytes

    @classmethod
    def decode(cls, data: BytesIO) -> str:
        return str(uuid.UUID(bytes=data.read(16)))


_BROKER = (
    ("node_id", Int32),
    ("host", CompactString("utf-8")),
    ("port", Int32),
    ("rack", CompactString("utf-8")),
    ("tags", TaggedFields),
)
_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline", CompactArray(Int32)),
    ("tags", TaggedFields),
)
_TOPIC = (
    ("error_code", Int16),
    ("name", CompactString("utf-8")),
    ("topic_id", _Uuid),
    ("internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)),
    ("operations", Int32),
    ("tags", TaggedFields),
)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster_id", CompactString("utf-8")),
        ("controller", Int32),
        ("topics", CompactArray(*_TOPIC)),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("create", Boolean),
        ("operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        nobody = str(uuid.UUID(int=0))
        return request_struct_class([(nobody, name, {}) for name in self._topics], False, False, {})


async def topic_ids(kafka: Connection, topics: list[str]) -> dict[str, str]:
    """The ids of topics by name, asked on a connection of its own; raises as `ask_topic_ids` does."""
    client = AIOKafkaClient(**kafka.aiokafka(), client_id="ascolto-topic-ids")
    try:
        async with _in_time():
            await client.bootstrap()
        return await ask_topic_ids(client, topics)
    finally:
        await client.close()


async def ask_topic_ids(client: AIOKafkaClient, topics: list[str]) -> dict[str, str]:
    """The same on the connections of a client that is in use.

    Raises Unavailable when the broker does not answer or a topic does not exist.
    """
    async with _in_time():
        answer = await client.send(client.get_random_node(), _MetadataRequest(topics))
    found = {name: topic_id for code, name, topic_id, *_ in answer.topics if code == 0}
    missing = [name for name in topics if name not in found]
    if missing:
        raise Unavailable(f"topics are missing: {', '.join(missing)}; run the provisioning")
    return found


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"kafka: {type(error).__name__}") from error
