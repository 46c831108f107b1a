"""Takes the photos of a form one after the other: one that is refused keeps none of the others out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from fastapi import Request

from chassis.errors import Refused, Unavailable
from intake.entrypoints.pages.front import Front

FIELD = "photos"
LATER = "photos-later"
Refusals = Sequence[tuple[str, str]]  # the name of a file, and the slug of what is wrong with it
_MOST_CHARACTERS = 60


async def take(files: Sequence[tuple[str, bytes]], add: Callable[[bytes], Awaitable[object]]) -> Refusals:
    """Add each file and return those that were refused; a status that allows no photo refuses all of them."""
    refused = []
    for name, data in files:
        try:
            await add(data)
        except Refused as error:
            slug = LATER if error.status == 503 else error.slug
            refused.append((name[:_MOST_CHARACTERS], slug))
        except Unavailable:
            refused.append((name[:_MOST_CHARACTERS], LATER))
    return refused


def fault_texts(front: Front, request: Request, refused: Refusals) -> Mapping[str, str]:
    """What the form says about refused files; the first is the error of the field itself."""
    texts = [front.fault(request, slug, name=name) for name, slug in refused]
    return {FIELD if number == 0 else f"{FIELD}-{number}": text for number, text in enumerate(texts)}
