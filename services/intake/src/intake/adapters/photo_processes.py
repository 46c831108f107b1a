"""Decodes photos in processes of their own, one at a time, so that the event loop and the memory of the service are not concerned."""

import asyncio
import json
from collections.abc import Sequence

from chassis.errors import Refused, Unavailable
from intake.adapters.worker_process import output_of
from intake.domain.photos import EDGES, MOST_PIXELS, Decoded

AT_ONCE, MOST_WAITING = 1, 16
SECONDS = 30.0
_WORKER = ("intake.adapters.photo_worker", str(MOST_PIXELS), *map(str, EDGES.values()))
REFUSALS = {
    "photo-unreadable": (
        "The photo is damaged or incomplete.",
        "Open it on the phone; if it shows, send it again, else take another one.",
    ),
    "photo-too-many-pixels": (
        f"The photo has more than {MOST_PIXELS // 1_000_000} million pixels.",
        "Choose a smaller resolution in the camera, or send a screenshot of the photo.",
    ),
}


class PhotoProcesses:
    """Decodes with the program `photo_worker`."""

    def __init__(self, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._turns, self._seconds, self._waiting = asyncio.Semaphore(at_once), seconds, 0

    async def decode(self, data: bytes) -> Sequence[Decoded]:
        """The photo as a JPEG in each size; raises Refused (422) for one that cannot be decoded, and Unavailable when too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Unavailable("too many photos wait to be decoded")
        self._waiting += 1
        try:
            async with self._turns:
                answer = await output_of(*_WORKER, given=data, seconds=self._seconds)
        finally:
            self._waiting -= 1
        return _read(answer)


def _read(answer: bytes) -> Sequence[Decoded]:
    first, _, rest = answer.partition(b"\n")
    head = json.loads(first) if first else {"refused": "photo-unreadable"}
    if (slug := head.get("refused")) is not None:
        detail, fix = REFUSALS[slug]
        raise Refused(slug, detail, status=422, field="photo", fix=fix)
    made, at = [], 0
    for size, one in zip(EDGES, head["renditions"], strict=True):
        made.append(Decoded(size, one["width"], one["height"], rest[at : at + one["bytes"]]))
        at += one["bytes"]
    return made
