"""A letter and whom it is sent to; their personal data never appear in a repr, so no log contains them."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Contact:
    """The recipient of a message and the name of the report; held for one sending and never stored."""

    email: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    language: str = "it"
    tracking_code: str | None = field(default=None, repr=False)
    category: str | None = field(default=None, repr=False)
    place: str | None = field(default=None, repr=False)

    @property
    def about(self) -> str:
        """What the report is about and where, as far as it may be in a subject line."""
        return ", ".join(filter(None, (self.category, self.place)))


@dataclass(frozen=True)
class Letter:
    """A rendered text in one language."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str

    @property
    def html_body(self) -> str:
        """What is inside the body of the HTML part."""
        return self.html.partition("<body")[2].partition(">")[2].partition("</body>")[0]


@dataclass(frozen=True)
class ReportName:
    """How staff recognises a report; None for a label that may not be shown or is unknown."""

    tracking_code: str
    category: str | None = None
    place: str | None = None


@dataclass(frozen=True)
class Mail:
    """A letter addressed to a recipient, with the time of its sending, and the code of the report that an answer is about."""

    message_id: str
    report_id: str
    template: str
    to: str = field(repr=False)
    letter: Letter
    at: datetime
    code: str | None = field(default=None, repr=False)


@dataclass
class Undeliverable(Exception):
    """The message can never be delivered; `reason` is a code, because a server's answer may contain the address."""

    reason: str

    def __str__(self) -> str:
        return self.reason
