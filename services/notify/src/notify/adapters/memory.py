"""The ports in memory, for tests; they pass the same tests as the real adapters and send nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from chassis.errors import Unavailable
from notify.adapters.mime import compose, recipient
from notify.adapters.smtp_session import error_of
from notify.domain.letters import Contact, Mail, ReportName


@dataclass
class MemoryMailer:
    """A mail server that keeps what it accepts; `answers` are the SMTP codes for some addresses."""

    sender: str = "no-reply@ascolto.example"
    reply_to: str | None = None
    answers: dict[str, int] = field(default_factory=dict)
    is_up: bool = True
    taken: list[EmailMessage] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        """Accept one mail; raises Unavailable or Undeliverable as SmtpMailer does."""
        message, address = compose(mail, self.sender, self.reply_to), recipient(mail)
        if not self.is_up:
            raise Unavailable("the mail server cannot be reached (down)")
        if address in self.answers:
            raise error_of(self.answers[address])
        self.taken.append(message_from_bytes(message, policy=default))


@dataclass
class MemoryContacts:
    """Intake's contacts by report id."""

    known: dict[str, Contact] = field(default_factory=dict)
    is_up: bool = True

    async def of(self, report_id: str) -> Contact | None:
        """The contact, or None; raises Unavailable while intake is down."""
        if not self.is_up:
            raise Unavailable("intake does not answer (down)")
        return self.known.get(report_id)


@dataclass
class MemoryReportNames:
    """Names of reports by id, and the reports of one person by each of them."""

    known: dict[str, ReportName] = field(default_factory=dict)
    people: dict[str, list[str]] = field(default_factory=dict)
    is_up: bool = True

    async def of(self, report_ids: Sequence[str]) -> Mapping[str, ReportName]:
        """The names of these reports; raises Unavailable while intake is down."""
        return {one: self._all()[one] for one in report_ids if one in self._all()}

    async def with_code(self, tracking_code: str) -> Mapping[str, ReportName]:
        """The reports with this code; raises Unavailable while intake is down."""
        return {one: name for one, name in self._all().items() if name.tracking_code == tracking_code}

    async def of_same_person(self, report_id: str) -> Sequence[str]:
        """The reports of one person; raises Unavailable while intake is down."""
        return self.people.get(report_id, [one for one in self._all() if one == report_id])

    def _all(self) -> Mapping[str, ReportName]:
        if not self.is_up:
            raise Unavailable("intake does not answer (down)")
        return self.known
