"""Asking others over HTTP: one kind of client, which fails in one way only."""

from typing import Any

import httpx


class SoundTransport(httpx.AsyncHTTPTransport):
    """Raises httpx's own errors, and nothing else, when a connection is lost."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:
            # A peer that resets while it is being connected to: anyio then asks a socket that is gone for its name.
            raise httpx.ConnectError("the connection was lost while it was made", request=request) from error


def http_client(limits: httpx.Limits | None = None, **options: Any) -> httpx.AsyncClient:
    """A client that takes nothing from the environment; `options` are httpx's own."""
    transport = SoundTransport(limits=limits or httpx.Limits(), trust_env=False)
    return httpx.AsyncClient(transport=transport, trust_env=False, **options)
