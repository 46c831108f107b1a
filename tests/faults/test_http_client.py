"""The cheap client behaves like the httpx client that it replaces."""

import asyncio

import httpx
import pytest
from bench.faults.http_client import HttpClient

from stack.replies import read_reply

PAGE = b'<form><input name="seal" value="s"></form>'


async def _server(answer: bytes) -> asyncio.Server:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(talk, "127.0.0.1", 0)


async def test_a_form_that_is_shown_again_keeps_the_cookie_that_was_sent() -> None:
    head = f"HTTP/1.1 422 No\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {len(PAGE)}\r\n\r\n"
    server = await _server(head.encode() + PAGE)
    port, client = server.sockets[0].getsockname()[1], HttpClient()
    async with server:
        url = f"http://127.0.0.1:{port}/segnala"
        response = await client.request("GET", url, headers={"Cookie": "form=1"})
        reply = read_reply(response, 0.0)  # type: ignore[arg-type] # it has the few words that are asked for
        client.close()
        await asyncio.sleep(0.01)  # close both sides

    assert (reply.status, reply.body["seal"], reply.body["cookie"]) == (422, "s", "form=1")


async def test_a_server_that_does_not_answer_is_a_transport_error() -> None:
    server = await _server(b"")
    port, client = server.sockets[0].getsockname()[1], HttpClient()
    async with server:
        with pytest.raises(httpx.TransportError):
            await client.request("GET", f"http://127.0.0.1:{port}/")
        await asyncio.sleep(0.01)
