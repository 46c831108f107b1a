"""A broker that goes away breaks nothing in the Kafka client, and does not keep it busy, on the loop that the services run on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiokafka.client
import pytest
import uvloop
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest_v0
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v0

from chassis.consumer.aiokafka_patches import PAUSE_SECONDS, has_no_leader, patch_aiokafka


@pytest.fixture
def unmended() -> Iterator[None]:
    """What the library does by itself, before and after."""
    send, update = AIOKafkaConnection.send, AIOKafkaClient._metadata_update
    bootstrap, connect = AIOKafkaClient.bootstrap, aiokafka.client.create_conn
    yield
    AIOKafkaConnection.send, AIOKafkaClient._metadata_update = send, update
    AIOKafkaClient.bootstrap, aiokafka.client.create_conn = bootstrap, connect


@asynccontextmanager
async def _ended() -> AsyncIterator[AIOKafkaConnection]:
    """A connection that is closed while something of it has not been read, so that the library takes it for open."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    loop = asyncio.get_running_loop()
    connection = AIOKafkaConnection(host, port)
    connection._reader, connection._writer = await asyncio.open_connection(host, port)
    connection._read_task, connection._closed_fut = (
        loop.create_task(asyncio.sleep(3600)),
        loop.create_future(),
    )
    connection._versions = {MetadataRequest.API_KEY: (0, 5)}
    connection._reader.feed_data(b"the beginning of an answer")
    connection._writer.transport.abort()
    await asyncio.sleep(0.05)
    try:
        yield connection
    finally:
        connection.close()
        server.close()


@pytest.mark.usefixtures("unmended")
def test_a_write_to_a_closed_connection_is_a_kafka_error_and_ends_it() -> None:
    patch_aiokafka()
    patch_aiokafka()

    async def main() -> None:
        async with _ended() as connection:
            assert connection.connected()
            with pytest.raises(KafkaConnectionError):
                await connection.send(MetadataRequest([]))
            assert not connection.connected()

    uvloop.run(main())


@pytest.mark.usefixtures("unmended")
def test_what_keeps_the_metadata_takes_it_for_a_broker_that_is_away() -> None:
    patch_aiokafka()

    async def main() -> None:
        client = AIOKafkaClient(bootstrap_servers="127.0.0.1:9")
        async with _ended() as connection:
            client._conns["bootstrap", ConnectionGroup.DEFAULT] = connection
            assert not await client._metadata_update(client.cluster, set())

    uvloop.run(main())


@pytest.mark.usefixtures("unmended")
def test_whoever_asks_for_metadata_again_and_again_rests_while_nobody_answers() -> None:
    patch_aiokafka()
    patch_aiokafka()

    async def main() -> None:
        client = AIOKafkaClient(bootstrap_servers="127.0.0.1:9")
        client._sync_task = asyncio.create_task(client._md_synchronizer())
        began = asyncio.get_running_loop().time()
        for _ in range(5):
            assert not await client.force_metadata_update()
        assert asyncio.get_running_loop().time() - began > 4 * PAUSE_SECONDS
        await client.close()

    uvloop.run(main())


@asynccontextmanager
async def _silent_broker(closed: asyncio.Event) -> AsyncIterator[str]:
    """A broker that tells its versions and answers nothing else; `closed` is set when the client hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
        versions = ApiVersionRequest_v0.RESPONSE_TYPE(0, [(ApiVersionRequest_v0.API_KEY, 0, 0), (3, 0, 5)])
        answer = request[4:8] + versions.encode()
        writer.write(len(answer).to_bytes(4) + answer)
        await reader.read()
        closed.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.close()


@pytest.mark.usefixtures("unmended")
def test_a_bootstrap_that_is_given_up_closes_its_connection() -> None:
    patch_aiokafka()
    patch_aiokafka()

    async def main() -> None:
        closed = asyncio.Event()
        async with _silent_broker(closed) as address:
            client = AIOKafkaClient(bootstrap_servers=address)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await client.bootstrap()
            async with asyncio.timeout(30):
                await closed.wait()

    asyncio.run(main())


@pytest.mark.parametrize(("leaders", "missing"), [((1, 1), False), ((1, -1), True), ((), False)])
def test_a_partition_without_a_leader_is_seen(leaders: tuple[int, ...], missing: bool) -> None:
    cluster = ClusterMetadata()
    partitions = [(0, number, leader, [1], [1]) for number, leader in enumerate(leaders)]
    answer = MetadataResponse_v0([(1, "127.0.0.1", 9092)], [(0, "intake.reports", partitions)])
    cluster.update_metadata(answer)

    assert has_no_leader(cluster) == missing
