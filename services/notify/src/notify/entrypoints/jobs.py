"""Sending one message: ask to whom, write it, hand it over, and bring back how it ended."""

from chassis.clock import Clock
from chassis.service import Worker
from notify.handlers.ports import Contact, Contacts, Letters, Mail, Mailer, Undeliverable
from notify.handlers.record_outcome import RecordFailure, RecordSending, RecordSuppression
from notify.handlers.write_message import SendMessage

ATTEMPTS = 48

Ended = RecordSending | RecordFailure | RecordSuppression


def sending(
    contacts: Contacts, letters: Letters, mailer: Mailer, clock: Clock, attempts: int = ATTEMPTS
) -> Worker:
    """The worker that sends messages; the address lives as long as one call and is kept nowhere."""

    async def send_message(job: SendMessage, attempt: int) -> Ended:
        """Send one message; raises Unavailable when it is worth trying again."""
        if attempt > attempts:
            return RecordFailure(job.message_id, job.report_id, "gave-up")
        contact = await contacts.of(job.report_id)
        if contact is None:
            return RecordSuppression(job.message_id, job.report_id, "no-contact")
        return await hand_over(job, contact)

    async def hand_over(job: SendMessage, contact: Contact) -> Ended:
        """Write the letter and give it to the mailer."""
        letter = letters.write(job.template, dict(job.values), contact, job.report_id)
        mail = Mail(job.message_id, job.report_id, job.template, contact.email, letter, clock())
        try:
            await mailer.send(mail)
        except Undeliverable as never:
            return RecordFailure(job.message_id, job.report_id, never.reason)
        fallback = contact.language if contact.language != letter.language else None
        return RecordSending(job.message_id, job.report_id, letter.language, fallback)

    return send_message
