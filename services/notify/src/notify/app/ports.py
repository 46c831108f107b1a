"""What sending a message needs from outside; each port has a real adapter and one in memory."""

from collections.abc import Mapping
from typing import Protocol

from notify.domain.letters import Contact, Letter, Mail


class Contacts(Protocol):
    """The recipients of messages, by report."""

    async def of(self, report_id: str) -> Contact | None:
        """The current contact of a report, or None when it has none; raises Unavailable when the source does not answer."""
        ...


class Letters(Protocol):
    """The renderer of letters."""

    def write(self, template: str, values: Mapping[str, str], contact: Contact, report_id: str) -> Letter:
        """The letter in the contact's language, or in Italian when the template has no such language."""
        ...


class Mailer(Protocol):
    """The transport of mail."""

    async def send(self, mail: Mail) -> None:
        """Send one mail; raises Unavailable when a retry can succeed, Undeliverable when none can."""
        ...
