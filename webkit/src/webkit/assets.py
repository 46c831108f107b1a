"""The built assets of the pages: their addresses, and the route that serves them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response

from chassis.errors import Refused
from chassis.service import ServiceContext

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# In the order in which they are preferred.
_SUFFIXES = {"br": ".br", "gzip": ".gz"}


class AssetsMissing(RuntimeError):
    """There is no build of the assets, or not the asset that is asked for."""


@dataclass(frozen=True)
class Asset:
    """One file, and its compressed forms by the name of their encoding."""

    media_type: str
    content: bytes
    encoded: dict[str, bytes]

    def response(self, accepted: str) -> Response:
        """The response to a browser that accepts these encodings; the address changes with the content."""
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        if self.encoded:
            headers["Vary"] = "Accept-Encoding"
        for name in _SUFFIXES:
            if name in self.encoded and name in _encodings(accepted):
                headers["Content-Encoding"] = name
                return Response(self.encoded[name], headers=headers, media_type=self.media_type)
        return Response(self.content, headers=headers, media_type=self.media_type)


class Assets:
    """The assets below the home of a service, all in memory."""

    def __init__(self, home: str, folder: Path = STATIC) -> None:
        self.place = f"{home.rstrip('/')}/static"
        self._names, self._assets = _load(folder)

    def url(self, name: str) -> str:
        """The address of an asset, as in `url("kit.css")`; raises AssetsMissing when there is none of this name."""
        if name not in self._names:
            raise AssetsMissing(f"there is no asset {name}: run `make assets`")
        return f"{self.place}/{self._names[name]}"

    def urls(self) -> list[str]:
        """The addresses of all assets, for a browser that is to have them without a network."""
        return [f"{self.place}/{file}" for file in self._names.values()]

    def router(self, context: ServiceContext) -> APIRouter:
        """The route that serves the assets to anybody."""
        router = APIRouter(include_in_schema=False, dependencies=[Depends(context.require("public"))])

        @router.get(self.place + "/{file}")
        async def show_asset(request: Request, file: str) -> Response:
            if file not in self._assets:
                raise Refused("no-such-asset", "There is no file of this name.", 404)
            return self._assets[file].response(request.headers.get("accept-encoding", ""))

        return router


@cache
def _load(folder: Path) -> tuple[dict[str, str], dict[str, Asset]]:
    try:
        names: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return names, {file: _read(folder / file) for file in names.values()}
    except FileNotFoundError as error:
        raise AssetsMissing(
            f"the assets of the pages are not built ({error.filename}): run `make setup`"
        ) from None


def _read(path: Path) -> Asset:
    beside = {name: path.with_name(path.name + suffix) for name, suffix in _SUFFIXES.items()}
    encoded = {name: file.read_bytes() for name, file in beside.items() if file.exists()}
    return Asset(_TYPES[path.suffix], path.read_bytes(), encoded)


def _encodings(header: str) -> set[str]:
    """The encodings in an Accept-Encoding header, but those with the weight 0."""
    words = ("".join(word.lower().split()).partition(";q=") for word in header.split(","))
    return {name for name, _, weight in words if weight == "" or weight.strip("0.")}
