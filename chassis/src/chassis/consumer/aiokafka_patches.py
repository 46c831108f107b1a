"""Patches of aiokafka, whose version is pinned: a broker that goes away must not stop a process."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

PAUSE_SECONDS = 0.1

_send = AIOKafkaConnection.send
_update = AIOKafkaClient._metadata_update


def patch_aiokafka() -> None:
    """Patch the library: a write to a closed connection raises a Kafka error, and empty metadata is not fetched again at once."""
    AIOKafkaConnection.send = _send_or_end
    AIOKafkaClient._metadata_update = _update_and_pause


def _send_or_end(connection: Any, request: Any, expect_response: bool = True) -> Awaitable[Any]:
    """Raise KafkaConnectionError where uvloop raises RuntimeError for a closed connection.

    The library expects OSError; RuntimeError ends its metadata task without a message, and every later request for
    metadata, such as that of a group's leader before an assignment, waits forever.
    """
    try:
        sent: Awaitable[Any] = _send(connection, request, expect_response)
    except RuntimeError as closed:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        where = f"{connection.host}:{connection.port}"
        raise KafkaConnectionError(f"Connection at {where} broken: {closed}") from closed
    return sent


async def _update_and_pause(client: Any, cluster: ClusterMetadata, topics: Iterable[str]) -> bool:
    """Wait after an update without result: a fetch from a partition without a leader asks for metadata in a tight loop.

    While a broker restarts, that is a thousand requests a second from each consumer, and as many log lines.
    """
    updated: bool = await _update(client, cluster, topics)
    if not updated or has_no_leader(cluster):
        await asyncio.sleep(PAUSE_SECONDS)
    return updated


def has_no_leader(cluster: ClusterMetadata) -> bool:
    """Whether some partition has no leader."""
    return any(
        cluster.available_partitions_for_topic(topic) != cluster.partitions_for_topic(topic)
        for topic in cluster.topics(exclude_internal_topics=False)
    )
