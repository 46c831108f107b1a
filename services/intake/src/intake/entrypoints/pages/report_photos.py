"""The photos of a form that is not sent yet: stored, and readable only with the key in the browser's draft."""

from collections.abc import Sequence
from contextlib import suppress

from fastapi import Response

from chassis.errors import Refused
from chassis.sealing import Erased
from intake.app.uploads import Upload, hash_of
from intake.app.use_cases import UseCases
from intake.domain.entries import Author
from intake.domain.photos import MOST_PHOTOS, Size
from intake.entrypoints.pages.photo_faults import take
from intake.entrypoints.pages.report_form import FormState
from intake.entrypoints.photo_bodies import PhotoForm


class DraftPhotos:
    """Takes photos into a form, shows them to its browser, and adds them to its report."""

    def __init__(self, use_cases: UseCases) -> None:
        self._cases = use_cases

    async def taken(self, state: FormState, form: PhotoForm | None) -> FormState:
        """The form without the photos that were taken out, with those that came, and with the faults of those that were refused."""
        if form is None:
            return state
        dropped = form.values.get("drop", ())
        photos = [one for one in state.photos if one.sha256 not in dropped]

        async def add(data: bytes) -> None:
            sha256 = await hash_of(data)
            if any(one.sha256 == sha256 for one in photos):
                return
            if len(photos) >= MOST_PHOTOS:
                raise Refused("too-many-photos", "The form has the most photos already.")
            photos.append(await self._cases.uploads.store(data, sha256))

        refused = await take(form.files, add)
        return state.model_copy(update={"photos": tuple(photos), "photo_faults": tuple(refused)})

    async def image(self, photos: Sequence[Upload], sha256: str, size: Size) -> Response:
        """A photo of the form; raises Refused (404) when it is not among them or no longer stored."""
        for one in photos:
            rendition = next(found for found in one.renditions if found.size == size)
            if one.sha256 == sha256:
                with suppress(Erased):
                    data = await self._cases.photo_data.get(one.upload_id, one.key, rendition)
                    return Response(data, media_type="image/jpeg")
        raise Refused("not-found", "There is no such photo.", status=404)

    async def lost(self, state: FormState) -> FormState | None:
        """The form without the photos that waited so long that they were deleted, and which they were; None when all are there."""
        there = [
            one for one in state.photos if await self._cases.photo_data.has(one.upload_id, one.renditions[-1])
        ]
        if len(there) == len(state.photos):
            return None
        names = [str(number) for number, one in enumerate(state.photos, 1) if one not in there]
        faults = tuple((name, "photo-gone") for name in names)
        return state.model_copy(update={"photos": tuple(there), "photo_faults": faults})

    async def attach(self, report_id: str, photos: Sequence[Upload]) -> None:
        """Add the photos to the report of whoever has just sent it; the same again changes nothing. Raises Unavailable."""
        for one in photos:
            with suppress(Refused):  # it was withdrawn meanwhile, or has all the photos it can have
                await self._cases.photos.attach(report_id, one, Author.TENANT)
