"""Patches of aiokafka, whose version is pinned: a broker that goes away must not stop a process or leave a connection open."""

import asyncio
from collections.abc import Awaitable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiokafka.client
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

PAUSE_SECONDS = 0.1

_send = AIOKafkaConnection.send
_update = AIOKafkaClient._metadata_update
_bootstrap = AIOKafkaClient.bootstrap
_connect = aiokafka.client.create_conn


@dataclass
class _Bootstrap:
    """The connections that a bootstrap has opened so far."""

    running: bool = True
    connections: list[Any] = field(default_factory=list)


_current: ContextVar[_Bootstrap | None] = ContextVar("bootstrap", default=None)


def patch_aiokafka() -> None:
    """Patch the library.

    A write to a closed connection raises a Kafka error, empty metadata is not fetched again at once, and a bootstrap
    that is cancelled closes its connection.
    """
    AIOKafkaConnection.send = _send_or_end
    AIOKafkaClient._metadata_update = _update_and_pause
    AIOKafkaClient.bootstrap = _bootstrap_or_close
    aiokafka.client.create_conn = _connect_and_tell


async def _bootstrap_or_close(client: Any) -> None:
    """Close what was opened when the bootstrap does not end: the library keeps no reference to a connection that it still asks."""
    bootstrap = _Bootstrap()
    token = _current.set(bootstrap)
    try:
        await _bootstrap(client)
    except BaseException:
        for connection in bootstrap.connections:
            connection.close()
        raise
    finally:
        bootstrap.running = False  # the metadata task inherits the context
        bootstrap.connections.clear()
        _current.reset(token)


async def _connect_and_tell(*place: Any, **settings: Any) -> Any:
    """Open a connection and add it to those of the running bootstrap."""
    connection = await _connect(*place, **settings)
    bootstrap = _current.get()
    if bootstrap is not None and bootstrap.running:
        bootstrap.connections.append(connection)
    return connection


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
