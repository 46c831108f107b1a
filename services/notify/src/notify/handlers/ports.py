"""What the sending of a message needs from outside; each port is kept by a real adapter and one in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Contact:
    """Whom to write to, for the length of one sending; it does not show itself in logs."""

    email: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    language: str = "it"


@dataclass(frozen=True)
class Letter:
    """A rendered text in one language."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str


@dataclass(frozen=True)
class Mail:
    """A letter on its way to somebody."""

    message_id: str
    report_id: str
    template: str
    to: str = field(repr=False)
    letter: Letter
    at: datetime


@dataclass
class Undeliverable(Exception):
    """The message can never be delivered; `reason` is a code, because what a server says may name the address."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Contacts(Protocol):
    """Who is to be told about a report."""

    async def of(self, report_id: str) -> Contact | None:
        """The contact as it is now, or None when there is none; raises Unavailable when nobody can say."""
        ...


class Letters(Protocol):
    """The texts."""

    def write(self, template: str, values: Mapping[str, str], contact: Contact, report_id: str) -> Letter:
        """The letter in the contact's language, or else in Italian."""
        ...


class Mailer(Protocol):
    """The way out."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail over; raises Unavailable (again later) or Undeliverable (never)."""
        ...
