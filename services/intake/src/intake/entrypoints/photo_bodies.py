"""Photos in the bodies of requests: one as the whole body, or several in a form that stays in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from chassis.errors import Refused
from intake.app.uploads import Uploads, too_large
from intake.domain.photos import MOST_BYTES, MOST_PHOTOS

# Of a form with several photos; a phone's photo has 3 to 5 MB.
MOST_BYTES_OF_FORM = 48 * 1024**2


@dataclass(frozen=True)
class PhotoForm:
    """A form: its fields, and the files that were chosen, with the names that the sender gave them."""

    values: Mapping[str, Sequence[str]]
    files: Sequence[tuple[str, bytes]]

    @property
    def fields(self) -> Mapping[str, str]:
        """The last value of each field."""
        return {name: values[-1] for name, values in self.values.items()}


class _InMemory(MultiPartParser):
    """Writes nothing to disk: whoever reads the form holds room for all of it in memory."""

    spool_max_size = MOST_BYTES_OF_FORM


@asynccontextmanager
async def body_of(request: Request, uploads: Uploads) -> AsyncIterator[bytes]:
    """The body of a request that is one photo; its memory is held inside the block.

    Raises Refused for a body without a length (411), an empty one (422), one that is too large (413), and when too many arrive at
    once (503).
    """
    length = _length(request, MOST_BYTES)
    with uploads.room(length):
        yield await request.body()


@asynccontextmanager
async def form_of(request: Request, uploads: Uploads) -> AsyncIterator[PhotoForm]:
    """The form of a request; its memory is held inside the block. Raises Refused as `body_of` does, and for a malformed form (400)."""
    with uploads.room(_length(request, MOST_BYTES_OF_FORM)):
        try:
            yield await _parsed(request)
        except (MultiPartException, KeyError) as error:
            raise Refused("malformed-form", "The body is no form that can be read.", status=400) from error


async def _parsed(request: Request) -> PhotoForm:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        found = await request.form()
    else:
        most = MOST_PHOTOS * 3  # whoever chooses too many is told, and not refused here
        found = await _InMemory(request.headers, request.stream(), max_files=most, max_fields=100).parse()
    values: dict[str, list[str]] = {}
    files = []
    for name, value in found.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            files += [(value.filename or "", data)] if data or value.filename else []
        else:
            values.setdefault(name, []).append(value)
    await found.close()
    return PhotoForm(values, files)


def _length(request: Request, most: int) -> int:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(
            "length-required",
            "The request does not say how long its body is.",
            status=411,
            field="Content-Length",
            fix="Send a Content-Length.",
        )
    if int(length[:20]) > most:
        raise too_large() if most == MOST_BYTES else HTTPException(413)
    return int(length)
