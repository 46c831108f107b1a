"""Keep what was heard and cannot become a report yet, and complete or discard it at the desk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.contents import Content, Contents
from intake.app.entries import NewEntry, ReportEntries
from intake.app.photos import ReportPhotos
from intake.app.readings import Reader, Readings
from intake.app.submit import JudgedDraft, Submissions
from intake.app.tracking_codes import TrackingCodes
from intake.domain.drafts import Contact, Draft, tidy
from intake.domain.entries import Author, EntryKind
from intake.domain.photos import Size
from intake.domain.questions import Answer
from intake.domain.readers import Part
from intake.domain.waiting import (
    DiscardReason,
    WaitingItem,
    WaitingSource,
    WaitingState,
    may_complete,
    storable,
)
from intake.handlers.discard_waiting import DiscardWaiting
from intake.handlers.documents import PRIVATE
from intake.handlers.keep_waiting import KeepWaiting
from intake.handlers.settle_waiting import AttachWaiting, SettleWaiting
from intake.queries.readings import READ
from intake.queries.waiting import Page, waiting_item, waiting_items

PAGE = 50
_LONGEST_CODE = 100


@dataclass(frozen=True)
class Heard:
    """What was heard; `draft` is what its sender said, with whatever category and place, or none.

    `id` is the id that its report will have, a UUID: made by the sender, or derived from the message so that the same twice is one.
    `about` is the id of an existing report that it belongs to. `sender` is the secret that gets the receipt, as in a submission.
    `skew_ms` is how far the clock of its device was behind ours.
    """

    id: str
    source: WaitingSource
    reasons: Sequence[str]
    draft: Draft
    captured_at: datetime
    operator: str | None = None
    session_id: str | None = None
    sender: str | None = None
    about: str | None = None
    skew_ms: int = 0


@dataclass(frozen=True)
class WaitingOutcome:
    """What became of an item: its state, and whether it was kept before."""

    id: str
    state: WaitingState
    known: bool


@dataclass(frozen=True)
class ReadableItem:
    """An item with what was written, or None when that was erased."""

    item: WaitingItem
    content: Content | None


class Waiting:
    """The waiting items; what is written in one is encrypted under the key of the report that it will become."""

    def __init__(
        self,
        context: ServiceContext,
        codes: TrackingCodes,
        contents: Contents,
        submissions: Submissions,
        readings: Readings,
        entries: ReportEntries,
        photos: ReportPhotos,
    ) -> None:
        self._context, self._codes = context, codes
        self._contents, self._submissions = contents, submissions
        self._readings, self._entries, self._photos = readings, entries, photos

    async def keep(self, heard: Heard) -> WaitingOutcome:
        """Keep an item; the same again changes nothing and tells its present state.

        Raises Refused for another item under a used id and for the id of a report that exists (422).
        """
        draft = _storable(heard.draft)
        item = self._item(heard, draft)
        answer = await self._context.run(
            KeepWaiting(item, self._contents.seal(item.id, draft)),
            id=f"waiting:{item.id}",
            key=item.id,
            correlation=item.id,
            fingerprint=item.fingerprint,
        )
        present = await waiting_item(self._context, item.id) or item
        return WaitingOutcome(item.id, present.state, answer.again or bool(answer.body["known"]))

    async def find(self, item_id: str) -> WaitingItem | None:
        """The item with this id, or None: for its sender, who asks what became of it."""
        return await waiting_item(self._context, item_id)

    async def list(self, reader: Reader, since: datetime | None = None) -> Page:
        """The items that this person can complete, the longest waiting first, at most 50."""
        everything = "coordinator" in reader.roles
        return await waiting_items(self._context, None if everything else reader.subject, since, PAGE)

    async def admit(self, item_id: str, reader: Reader) -> WaitingItem:
        """An item that this person may complete; raises Refused (404 or 403)."""
        item = await waiting_item(self._context, item_id)
        if item is None:
            raise Refused("no-such-item", "There is no waiting item with this id.", 404)
        if not may_complete(item, reader.subject, reader.roles):
            raise Refused("not-your-item", "Operators complete what they took down themselves.", 403)
        return item

    async def read(self, item_id: str, reader: Reader) -> ReadableItem:
        """An item with what was written, after the audit has a line of who reads it; raises Refused (404 or 403)."""
        item = await self.admit(item_id, reader)
        details = {"report_id": item.id, "roles": sorted(reader.roles), "part": Part.WAITING.value}
        await self._context.audit(reader.subject, READ, details)
        sealed = await self._context.load(PRIVATE, item.id)
        return ReadableItem(item, self._contents.opened(sealed))

    async def judge(self, item: WaitingItem, draft: Draft) -> JudgedDraft:
        """All faults of an item's draft as the desk completes it; its channel and the time of its hearing are the item's."""
        return await self._submissions.judge(replace(draft, channel=item.channel, heard_at=item.captured_at))

    async def settle(self, item_id: str, reader: Reader, draft: Draft, command_id: str) -> bool:
        """Register the report of an item as this draft has it, and return whether it was settled before.

        Its clocks start when it was heard. Raises Refused with the first fault (422), for a discarded item (409), for erased
        content (410), and as `admit` does.
        """
        item = await self.admit(item_id, reader)
        if not item.waits:
            return self._ended(item)
        judged = await self.judge(item, draft)
        command = await self._submissions.completed(judged, item)
        answer = await self._context.run(
            SettleWaiting(reader.subject, command),
            id=f"settle:{item_id}:{command_id}",
            key=item.id,
            correlation=item.id,
            fingerprint=command.fingerprint,
        )
        return answer.again or bool(answer.body["known"])

    async def attach(self, item_id: str, reader: Reader, about: str, text: str) -> bool:
        """Add what was written in an item to this report, with its photos, and return whether the item was settled before.

        Raises Refused as an entry and its photos do, for a discarded item (409), and as `admit` does for the item and the report.
        """
        item = await self.admit(item_id, reader)
        if not item.waits:
            return self._ended(item)
        await self._readings.admit(about, reader)
        await self._entries.add(about, NewEntry(item.id, EntryKind.INFORMATION, Author.TENANT, text))
        for photo in await self._photos.readable(item.id):
            large = await self._photos.read(item.id, photo.sha256, Size.LARGE)
            await self._photos.add(about, large, Author.STAFF, reader.subject)
        missing = [(one.name, one.reason) for one in await self._photos.left_out(item.id)]
        await self._photos.leave_out(about, missing)
        command = AttachWaiting(item.id, about, reader.subject)
        answer = await self._context.run(
            command, id=f"attach:{item.id}", key=item.id, correlation=about, fingerprint=about
        )
        return answer.again or bool(answer.body["known"])

    async def discard(self, item_id: str, reader: Reader, reason: str, command_id: str) -> bool:
        """Discard an item, and return whether it was discarded before; what was written is erased 30 days later.

        Raises Refused for no reason (422), for an item that is a report already (409), and as `admit` does.
        """
        item = await self.admit(item_id, reader)
        if reason not in list(DiscardReason):
            known = ", ".join(DiscardReason)
            raise Refused("reason-missing", "The reason is missing.", 422, "reason", f"Use one of {known}.")
        answer = await self._context.run(
            DiscardWaiting(item_id, reader.subject, DiscardReason(reason)),
            id=f"discard:{item_id}:{command_id}",
            key=item.id,
            correlation=item.id,
        )
        return answer.again or bool(answer.body["known"])

    def _item(self, heard: Heard, draft: Draft) -> WaitingItem:
        return WaitingItem(
            id=heard.id,
            source=heard.source.value,
            reasons=tuple(heard.reasons),
            fingerprint=self._codes.fingerprint(draft),
            captured_at=heard.captured_at,
            received_at=self._context.clock(),
            channel=draft.channel,
            language=draft.language,
            category=draft.category,
            place_id=draft.place_id,
            operator=heard.operator,
            session_id=heard.session_id,
            sender_hash=None if heard.sender is None else self._codes.sender_hash(heard.id, heard.sender),
            about=heard.about,
            skew_ms=heard.skew_ms,
        )

    @staticmethod
    def _ended(item: WaitingItem) -> bool:
        if item.state is WaitingState.DISCARDED:
            raise Refused("item-discarded", "The item was discarded.", 409)
        return True


def _storable(draft: Draft) -> Draft:
    """The draft as it can be stored, whatever it says."""
    contact = draft.contact
    names = (contact.name, contact.email, contact.phone)
    answers = [Answer(one.question, tuple(map(storable, one.values))) for one in draft.answers or ()]
    return tidy(
        replace(
            draft,
            category=storable(draft.category)[:_LONGEST_CODE],
            place_id=storable(draft.place_id)[:_LONGEST_CODE],
            description=storable(draft.description),
            contact=Contact(*(one and storable(one) for one in names)),
            flat=draft.flat and storable(draft.flat),
            answers=draft.answers and tuple(answers),
        )
    )
