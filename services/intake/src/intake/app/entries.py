"""Add entries to a report, and read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext
from intake.app.tracking_codes import TrackingCodes
from intake.domain.draft_rules import text_faults
from intake.domain.drafts import normalized_text, tidy_text
from intake.domain.entries import Author, Entries, Entry, EntryKind
from intake.handlers.add_entry import AddEntry
from intake.handlers.documents import ENTRIES, PRIVATE
from intake.handlers.register_report import refusal

TEXT = "text"


@dataclass(frozen=True)
class ReadableEntry:
    """An entry with its decrypted fields, or None when they were erased."""

    id: str
    kind: EntryKind
    by: Author
    at: datetime
    subject: str | None
    fields: Mapping[str, str] | None

    @property
    def text(self) -> str | None:
        """The text of the entry, or None when it was erased."""
        return None if self.fields is None else self.fields[TEXT]


@dataclass(frozen=True)
class NewEntry:
    """An entry to add; `id` is made with the form, `more` are further texts to encrypt, such as the name of its writer."""

    id: str
    kind: EntryKind
    by: Author
    text: str
    subject: str | None = None
    more: Mapping[str, str] | None = None


class ReportEntries:
    """Adds entries to reports and reads them; their texts are encrypted under the key of the report."""

    def __init__(self, context: ServiceContext, codes: TrackingCodes, sealer: Sealer) -> None:
        self._context, self._codes, self._sealer = context, codes, sealer

    async def add(self, report_id: str, entry: NewEntry) -> bool:
        """Add an entry and return whether it was added before; the same entry again changes nothing.

        Raises Refused for an empty or too long text (422), for another text under a used id (422), for a status or a number
        of entries that does not allow it (409), for a missing report (404), and when its data were erased (410).
        """
        text = tidy_text(entry.text)
        if found := text_faults(normalized_text(text), entry.kind):
            raise refusal(found[0])
        fields = {TEXT: normalized_text(text), **(entry.more or {})}
        names = await self.sealed(report_id, entry.id, fields)
        answer = await self._context.run(
            AddEntry(report_id, entry.id, entry.kind, entry.by, names, entry.subject),
            id=f"entry:{report_id}:{entry.id}",
            key=report_id,
            correlation=report_id,
            fingerprint=self._codes.text_fingerprint(entry.kind, entry.by, text),
        )
        return answer.again or bool(answer.body["known"])

    async def read(self, report_id: str, *kinds: EntryKind) -> Sequence[ReadableEntry]:
        """The entries of these kinds, oldest first."""
        found = await self._context.snapshot(ENTRIES[report_id], PRIVATE[report_id])
        return self.opened(found.get(ENTRIES, report_id), found.get(PRIVATE, report_id), *kinds)

    def opened(
        self, stored: Entries | None, sealed: Sealed | None, *kinds: EntryKind
    ) -> Sequence[ReadableEntry]:
        """The same of a document of entries that was read, with what has the key of its report."""
        wanted = [one for one in stored.entries if one.kind in kinds] if stored else []
        return [self._open(sealed, entry) for entry in wanted]

    async def sealed(self, report_id: str, entry_id: str, fields: Mapping[str, str]) -> Mapping[str, bytes]:
        """The fields of a new entry, encrypted; raises Refused for a missing report (404) or erased data (410)."""
        sealed = await self._context.load(PRIVATE, report_id)
        if sealed is None:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        try:
            added = self._sealer.add(sealed, {_bound(entry_id, name): text for name, text in fields.items()})
        except Erased as erased:
            raise Refused("report-erased", "The data of the report were erased.", status=410) from erased
        return {name: added.fields[_bound(entry_id, name)] for name in fields}

    def _open(self, sealed: Sealed | None, entry: Entry) -> ReadableEntry:
        return ReadableEntry(
            entry.id,
            EntryKind(entry.kind),
            Author(entry.by),
            entry.at,
            entry.subject,
            None if sealed is None else self._fields(sealed, entry),
        )

    def _fields(self, sealed: Sealed, entry: Entry) -> Mapping[str, str] | None:
        bound = {_bound(entry.id, name): data for name, data in entry.fields.items()}
        try:
            opened = self._sealer.open(replace(sealed, fields=bound))
        except Erased:
            return None
        return {name: opened[_bound(entry.id, name)] for name in entry.fields}


def _bound(entry_id: str, name: str) -> str:
    """The name under which a field of an entry is encrypted, so that the texts of entries cannot be exchanged."""
    return f"{entry_id}/{name}"
