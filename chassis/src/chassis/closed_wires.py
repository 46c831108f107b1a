"""Closed wires: a write to a connection that has just ended is a Kafka error, as the client library expects it to be.

uvloop says RuntimeError there, asyncio nothing, and the library waits for OSError. Its task that keeps the metadata dies of
it unheard, and whoever asks for metadata afterwards, as the leader of a group does before each assignment, waits for ever.
"""

from collections.abc import Awaitable
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def mend_closed_wires() -> None:
    """From now on the library learns that a connection has ended, whatever the event loop calls it."""
    AIOKafkaConnection.send = _send_or_end


def _send_or_end(connection: Any, request: Any, expect_response: bool = True) -> Awaitable[Any]:
    try:
        sent: Awaitable[Any] = _send(connection, request, expect_response)
    except RuntimeError as closed:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        where = f"{connection.host}:{connection.port}"
        raise KafkaConnectionError(f"Connection at {where} broken: {closed}") from closed
    return sent
