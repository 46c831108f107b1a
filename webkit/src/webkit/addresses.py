"""The address of a page with its filter, order and page number in the query."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from fastapi import Request

LONGEST_PATH = 2000


@dataclass(frozen=True)
class Address:
    """A path with its query; empty values are left out."""

    path: str
    query: Mapping[str, str]

    @classmethod
    def of(cls, request: Request) -> "Address":
        """The address of a request; of a repeated name the last value counts."""
        return cls(request.url.path, dict(request.query_params))

    def but(self, **changes: object) -> str:
        """The same address with other values; a new filter or order begins at the first page."""
        kept = {name: value for name, value in self.query.items() if "pagina" in changes or name != "pagina"}
        values = kept | {name: "" if value is None else str(value) for name, value in changes.items()}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def value(self, name: str) -> str:
        """The value of this name, or nothing."""
        return self.query.get(name, "")


def own_path(wanted: str) -> str:
    """The path if it is one of ours, else `/`: nothing that a request asks for leads to another site."""
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) <= LONGEST_PATH
    if not plain or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc else wanted
