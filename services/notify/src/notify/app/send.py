"""Send one message: read the contact, render the letter, pass it to the mailer, and report the outcome."""

from dataclasses import dataclass

from chassis.clock import Clock
from notify.app.ports import Contacts, Letters, Mailer
from notify.domain.letters import Contact, Mail, Undeliverable
from notify.handlers.record_outcome import RecordFailure, RecordSending, RecordSuppression
from notify.handlers.write_message import SendMessage

ATTEMPTS = 48

Result = RecordSending | RecordFailure | RecordSuppression


@dataclass(frozen=True)
class Sender:
    """Sends messages; holds an address only during one call and stores it nowhere."""

    contacts: Contacts
    letters: Letters
    mailer: Mailer
    clock: Clock
    attempts: int = ATTEMPTS

    async def send(self, job: SendMessage, attempt: int) -> Result:
        """Send one message and return the command that records the outcome; raises Unavailable when a retry can succeed.

        `attempt` counts from 1; after `attempts` the message fails with the reason `gave-up`.
        """
        if attempt > self.attempts:
            return RecordFailure(job.message_id, job.report_id, "gave-up")
        contact = await self.contacts.of(job.report_id)
        if contact is None:
            return RecordSuppression(job.message_id, job.report_id, "no-contact")
        return await self._send_to(contact, job)

    async def _send_to(self, contact: Contact, job: SendMessage) -> Result:
        letter = self.letters.write(job.template, dict(job.values), contact, job.report_id)
        mail = Mail(
            job.message_id,
            job.report_id,
            job.template,
            contact.email,
            letter,
            self.clock(),
            contact.tracking_code,
        )
        try:
            await self.mailer.send(mail)
        except Undeliverable as error:
            return RecordFailure(job.message_id, job.report_id, error.reason)
        fallback = contact.language if contact.language != letter.language else None
        return RecordSending(job.message_id, job.report_id, letter.language, fallback)
