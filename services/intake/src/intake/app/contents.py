"""The content of a report: what is stored encrypted."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chassis.errors import Refused, Unavailable
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext
from intake.app.blind_index import BlindIndex
from intake.app.word_index import WordIndex
from intake.domain.drafts import Contact, Draft, normalized
from intake.domain.questions import Answer, Answers
from intake.domain.reports import Report
from intake.handlers.documents import PrivatePart
from intake.handlers.index_contact import IndexContact
from intake.queries.reports import reports_with_contents

_BLOCK = 512


@dataclass(frozen=True)
class Content:
    """The description of a report, its contact, whether a frail person lives there, the flat if given, and the answers.

    `heard` is what was written where the desk made another description of it.
    """

    text: str
    contact: Contact
    frail: bool
    flat: str | None = None
    answers: Answers = ()
    heard: str | None = None


@dataclass(frozen=True)
class FullReport:
    """A report with its content, or None when that was erased."""

    report: Report
    content: Content | None


class Contents:
    """Encrypts the contents of reports and reads them back."""

    def __init__(self, context: ServiceContext, sealer: Sealer, index: BlindIndex, words: WordIndex) -> None:
        self._context, self._sealer, self._index, self._words = context, sealer, index, words

    def seal(self, report_id: str, draft: Draft) -> PrivatePart:
        """The encrypted content of a draft, with the hashes of its contact and of its words."""
        stored = normalized(draft)
        sealed = self._sealer.seal(report_id, _fields(stored))
        return PrivatePart(
            sealed.owner,
            sealed.key,
            sealed.fields,
            self._index.of(stored.contact),
            self._words.of(stored.description),
        )

    def seal_again(self, sealed: PrivatePart, draft: Draft) -> PrivatePart:
        """The content of a draft under the key that its report has already, with what was written there before.

        Raises Refused for an erased one (410).
        """
        stored, before = normalized(draft), self.opened(sealed)
        if before is None:
            raise Refused("report-erased", "The data of the report were erased.", status=410)
        heard = before.heard or before.text
        more = {} if heard == stored.description else {"heard": heard}
        added = self._sealer.add(sealed, _fields(stored) | more)
        lookup, words = self._index.of(stored.contact), self._words.of(stored.description)
        return PrivatePart(sealed.owner, sealed.key, added.fields, lookup, words)

    def address_hash(self, email: str) -> str:
        """The hash under which reports with this e-mail address are found."""
        return self._index.email(email) or ""

    async def read(self, report_id: str) -> FullReport:
        """A report with its content; raises Refused (404) when there is no such report."""
        stored = (await reports_with_contents(self._context, [report_id])).get(report_id)
        if stored is None:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        content = self.opened(stored.sealed)
        if stored.sealed is not None and content is not None:
            await self._index_once(stored.sealed, content.contact)
        return FullReport(stored.report, content)

    async def read_all(self, report_ids: Sequence[str]) -> Mapping[str, FullReport]:
        """The reports with these ids and their contents, by id; ids without a report are left out."""
        found = await reports_with_contents(self._context, report_ids)
        return {
            report_id: FullReport(stored.report, self.opened(stored.sealed))
            for report_id, stored in found.items()
        }

    async def _index_once(self, sealed: PrivatePart, contact: Contact) -> None:
        """Add the hashes of the contact to a report that was registered before there were any."""
        lookup = self._index.of(contact)
        if sealed.lookup or not lookup:
            return
        command = IndexContact(sealed.owner, sealed.key, lookup)
        with suppress(Unavailable):  # the reader gets the report; its next reader adds them
            await self._context.run(command, id=f"index-contact:{sealed.owner}", key=sealed.owner)

    def opened(self, sealed: Sealed | None) -> Content | None:
        """The content in an encrypted one, or None when that was erased."""
        if sealed is None:
            return None
        try:
            fields = self._sealer.open(sealed)
        except Erased:
            return None
        contact = Contact(fields.get("name"), fields.get("email"), fields.get("phone"))
        return Content(
            text=fields["text"],
            contact=contact,
            frail=fields["frail"] == "1",
            flat=fields.get("flat"),
            answers=_opened(fields.get("answers", "{}")),
            heard=fields.get("heard"),
        )


def _fields(draft: Draft) -> dict[str, str]:
    """The fields to encrypt; `frail` is always present with one character, so its value does not change the stored size."""
    answers = {"answers": _padded(draft.answers)} if draft.answers else {}
    contact = {
        "name": draft.contact.name,
        "email": draft.contact.email,
        "phone": draft.contact.phone,
        "flat": draft.flat,
    }
    return {
        "text": draft.description,
        "frail": "1" if draft.frail else "0",
        **answers,
        **{name: value for name, value in contact.items() if value},
    }


def _padded(answers: Answers) -> str:
    """The answers as JSON, filled with blanks: their stored size tells at most how many texts there are, not what was chosen."""
    text = json.dumps({one.question: one.values for one in answers}, ensure_ascii=False)
    return text.ljust(-(-len(text.encode()) // _BLOCK) * _BLOCK - len(text.encode()) + len(text))


def _opened(text: str) -> Answers:
    return tuple(Answer(question, tuple(values)) for question, values in json.loads(text).items())
