"""Receive a mail: add it to the report of its sender, or keep it for the desk; the same mail again changes nothing."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.ids import derive
from chassis.service import ServiceContext
from intake.app.entries import NewEntry
from intake.app.mail_counts import MailCounts
from intake.app.mail_rates import SenderRates
from intake.app.tracking_codes import read_code
from intake.app.use_cases import UseCases
from intake.app.waiting import Heard
from intake.domain.draft_rules import MOST_CHARACTERS, IsAddress
from intake.domain.drafts import Contact, Draft
from intake.domain.entries import Author, EntryKind
from intake.domain.lookups import email_key
from intake.domain.mail_kinds import Envelope, ignored_as
from intake.domain.mail_text import codes_in, language_of, own_words, subject_words, tag_of
from intake.domain.mails import IGNORED, Mail, MailOutcome, ReadMail, captured_at
from intake.domain.photos import is_open_to_photos
from intake.domain.reports import Report
from intake.domain.waiting import WaitingSource
from intake.handlers.documents import MAILS
from intake.handlers.take_mail import FinishMail, TakeMail
from intake.queries.reports import report_of, reports_with_code

WHOLE = "mail"  # the field of an entry with all that the mail says
CHANNEL = "mail"
_CUT = " […]"

ReadBytes = Callable[[bytes], Awaitable[ReadMail]]


@dataclass(frozen=True)
class Stored:
    """What was stored of the attachments of a mail."""

    photos: int
    left_out: tuple[str, ...]


class InboundMail:
    """Receives mails; `own` are the addresses of ours, lower case, whose mails go round in circles."""

    def __init__(
        self,
        context: ServiceContext,
        cases: UseCases,
        is_address: IsAddress,
        counts: MailCounts,
        read: ReadBytes,
        own: Collection[str],
    ) -> None:
        self._context, self._codes, self._contents = context, cases.codes, cases.contents
        self._entries, self._photos, self._waiting = cases.entries, cases.photos, cases.waiting
        self._is_address, self._counts, self._read, self._own = is_address, counts, read, own
        self._rates = SenderRates(context.store, cases.codes)

    async def receive(self, raw: bytes, envelope: Envelope) -> MailOutcome:
        """Store a mail whole, and return what became of it; whatever fails, delivering it again is safe.

        Raises Refused for a mail that cannot be read (422) and for too many of a sender (429), and Unavailable.
        """
        read = await self._read(raw)
        mail, known = await self._decided(read, envelope)
        if known and mail.done:
            self._counts.received.labels("known").inc()
            return mail.outcome
        if mail.outcome not in IGNORED:
            await self._store(mail, read)
        self._counts.received.labels(mail.outcome.value).inc()
        return mail.outcome

    async def _decided(self, read: ReadMail, envelope: Envelope) -> tuple[Mail, bool]:
        """What becomes of the mail, as it was decided at its first delivery, and whether that was before."""
        mail_id = self._id(read, envelope)
        known = await self._context.load(MAILS, mail_id)
        if known is not None:
            return known, True
        mail = await self._decide(mail_id, read, envelope)
        await self._context.run(TakeMail(mail), id=f"mail:{mail_id}", key=mail_id, correlation=mail.item_id)
        return await self._context.load(MAILS, mail_id) or mail, False

    def _id(self, read: ReadMail, envelope: Envelope) -> str:
        """The id of a mail by its Message-ID, what is in it, and the report that it was addressed to."""
        words = (read.header("message-id"), read.content_hash, tag_of(envelope.recipient).lower())
        return derive(self._codes.pseudonym("mail", *words), "mail")

    async def _decide(self, mail_id: str, read: ReadMail, envelope: Envelope) -> Mail:
        now = self._context.clock()
        ignored = ignored_as(read, envelope, self._own)
        if ignored is None and not (_words(read) or read.photos or read.left_out):
            ignored = MailOutcome.EMPTY
        item_id = derive(mail_id, "report")
        mail = Mail(mail_id, MailOutcome.WAITING, now, captured_at(read.date, now), item_id)
        if ignored is not None:
            return replace(mail, outcome=ignored, done=True)
        await self._rates.charge(read.sender or envelope.sender, now)
        report, own = await self._report(read, envelope)
        if report is None:
            return mail
        if own:
            return replace(mail, outcome=MailOutcome.TO_REPORT, report_id=report.report_id)
        return replace(mail, about=report.report_id)

    async def _report(self, read: ReadMail, envelope: Envelope) -> tuple[Report | None, bool]:
        """The report that the mail names, and whether it comes from the address of its reporter, which is preferred."""
        first = None
        for written in (tag_of(envelope.recipient), *codes_in(read.subject, read.text)):
            code = read_code(written)
            for report in await reports_with_code(self._context, code) if code else ():
                first = first or report
                if await self._is_reporter(report, read.sender):
                    return report, True
        return first, False

    async def _is_reporter(self, report: Report, sender: str) -> bool:
        content = (await self._contents.read(report.report_id)).content
        address = content.contact.email if content else None
        return bool(address) and email_key(address or "") == email_key(sender)

    async def _store(self, mail: Mail, read: ReadMail) -> None:
        """Store everything of a mail; each step finds what an earlier delivery has stored."""
        added = mail.report_id is not None and await self._add(mail, mail.report_id, read)
        if not added:
            await self._keep(mail, read)
        report_id = (mail.report_id if added else None) or mail.item_id
        stored = await self._store_photos(report_id, read)
        await self._context.run(
            FinishMail(mail.mail_id, added, report_id, stored.photos, stored.left_out),
            id=f"mail-stored:{mail.mail_id}",
            key=mail.mail_id,
            correlation=report_id,
        )

    async def _add(self, mail: Mail, report_id: str, read: ReadMail) -> bool:
        """Add the mail to the report; False when it was kept for the desk before, or the report takes nothing any more."""
        if await self._waiting.find(mail.item_id) is not None:
            return False
        words = _words(read)
        if not words:
            report = await report_of(self._context, report_id)
            return report is not None and is_open_to_photos(report, Author.TENANT)
        whole = {WHOLE: read.text} if read.text != words else None
        entry = NewEntry(mail.mail_id, EntryKind.INFORMATION, Author.TENANT, _shortened(words), more=whole)
        try:
            await self._entries.add(report_id, entry)
        except Refused:
            return False
        return True

    async def _keep(self, mail: Mail, read: ReadMail) -> None:
        """Keep the mail for the desk, with everything that it says."""
        sender = read.sender if self._is_address(read.sender) else None
        draft = Draft(
            category="",
            place_id="",
            description="\n\n".join(filter(None, (read.subject, read.text))),
            language=language_of(read.header("content-language")),
            channel=CHANNEL,
            contact=Contact(read.sender_name or None, sender),
        )
        await self._waiting.keep(
            Heard(
                mail.item_id,
                WaitingSource.MAIL,
                _reasons(mail, read),
                draft,
                mail.captured_at,
                about=mail.report_id or mail.about,
            )
        )

    async def _store_photos(self, report_id: str, read: ReadMail) -> Stored:
        photos, left_out = 0, list(read.left_out)
        for data in read.photos:
            try:
                await self._photos.add(report_id, data, Author.TENANT)
                photos += 1
            except Refused as refused:
                left_out.append(refused.slug)
        self._counts.attachments.labels("photo").inc(photos)
        for reason in left_out:
            self._counts.attachments.labels(reason).inc()
        return Stored(photos, tuple(left_out))


def _words(read: ReadMail) -> str:
    """What the sender wrote: the words of the mail, or of its subject when it has none."""
    return own_words(read.text) or subject_words(read.subject)


def _shortened(words: str) -> str:
    """The words as an entry takes them; all of them are kept beside it."""
    most = MOST_CHARACTERS - 100  # composed characters may be more in their stored form
    return words if len(words) <= most else words[:most] + _CUT


def _reasons(mail: Mail, read: ReadMail) -> tuple[str, ...]:
    """Why the desk has to look at it."""
    about = ("report-ended",) if mail.report_id else ("unknown-sender",) if mail.about else ()
    left_out = ("attachment-left-out",) if read.left_out else ()
    return ("no-place", *about, *left_out)
