"""The HTTP client for requests to other services; it raises only `httpx.HTTPError`."""

from typing import Any

import httpx


class SoundTransport(httpx.AsyncHTTPTransport):
    """Raises only httpx's own errors when a connection is lost."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:
            # The peer resets during the connect: anyio then reads the address of a closed socket.
            raise httpx.ConnectError(
                "the connection was reset during the connect", request=request
            ) from error


def http_client(limits: httpx.Limits | None = None, **options: Any) -> httpx.AsyncClient:
    """A client that ignores the environment; `options` are httpx's own."""
    transport = SoundTransport(limits=limits or httpx.Limits(), trust_env=False)
    return httpx.AsyncClient(transport=transport, trust_env=False, **options)
