"""What sending a message needs from outside; each port has a real adapter and one in memory."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from notify.domain.letters import Contact, Letter, Mail, ReportName


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


class ReportNames(Protocol):
    """The names of reports, and which are of one person, for staff."""

    async def of(self, report_ids: Sequence[str]) -> Mapping[str, ReportName]:
        """The names of these reports by id, as far as they are known; raises Unavailable when the source does not answer."""
        ...

    async def with_code(self, tracking_code: str) -> Mapping[str, ReportName]:
        """The reports with this tracking code, as a person types it; raises Unavailable as `of` does."""
        ...

    async def of_same_person(self, report_id: str) -> Sequence[str]:
        """The ids of the reports of the person who made this one, the newest first; raises Unavailable as `of` does."""
        ...


class Mailer(Protocol):
    """The transport of mail."""

    async def send(self, mail: Mail) -> None:
        """Send one mail; raises Unavailable when a retry can succeed, Undeliverable when none can."""
        ...
