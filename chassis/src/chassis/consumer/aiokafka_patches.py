"""Mendings of the Kafka client, whose version is pinned: what a broker that goes away must not do to a process."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

REST_SECONDS = 0.1

_send = AIOKafkaConnection.send
_update = AIOKafkaClient._metadata_update


def patch_aiokafka() -> None:
    """From now on a write to a connection that has ended is a Kafka error, and metadata that says nothing is not asked for again at once."""
    AIOKafkaConnection.send = _send_or_end
    AIOKafkaClient._metadata_update = _update_and_rest


def _send_or_end(connection: Any, request: Any, expect_response: bool = True) -> Awaitable[Any]:
    """uvloop says RuntimeError of a closed connection, asyncio nothing, and the library waits for OSError.

    Its task that keeps the metadata dies of it unheard, and whoever asks for metadata afterwards, as the leader of a group
    does before each assignment, waits for ever.
    """
    try:
        sent: Awaitable[Any] = _send(connection, request, expect_response)
    except RuntimeError as closed:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        where = f"{connection.host}:{connection.port}"
        raise KafkaConnectionError(f"Connection at {where} broken: {closed}") from closed
    return sent


async def _update_and_rest(client: Any, cluster: ClusterMetadata, topics: Iterable[str]) -> bool:
    """Whoever fetches from a partition without a leader asks for metadata until there is one, as fast as it is refused.

    While a broker starts again that is a thousand tries a second of each consumer, and as many lines of log.
    """
    updated: bool = await _update(client, cluster, topics)
    if not updated or has_no_leader(cluster):
        await asyncio.sleep(REST_SECONDS)
    return updated


def has_no_leader(cluster: ClusterMetadata) -> bool:
    """Tells whether some partition has nobody who answers for it."""
    return any(
        cluster.available_partitions_for_topic(topic) != cluster.partitions_for_topic(topic)
        for topic in cluster.topics(exclude_internal_topics=False)
    )
