"""The public text of a report: what everybody may read, once somebody of the staff has reviewed it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from intake.domain.draft_rules import Fault
from intake.domain.drafts import Contact

MOST_REVIEWS = 50
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
# Nine digits are a phone number or a document's; a year, an hour and a house number have fewer.
_LONG_NUMBER = re.compile(r"(?:[0-9][ ./-]?){8}[0-9]")
_TAX_CODE = re.compile(r"\b[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]\b", re.IGNORECASE)
_SHORTEST_NAME = 3


class Act(StrEnum):
    """What a member of the staff did with the public text."""

    PUBLISHED = "published"
    TAKEN_BACK = "taken-back"


@dataclass(frozen=True)
class Review:
    """One act: who did it (the issuer's id), and when."""

    what: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Publication:
    """The public text of one report, encrypted under the report's key so that it is erased with it, and its reviews.

    `id` identifies the command that wrote the present text.
    """

    report_id: str
    id: str = ""
    fields: Mapping[str, bytes] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether everybody may read the text."""
        return bool(self.reviews) and self.reviews[-1].what == Act.PUBLISHED


def reviewed(publication: Publication, review: Review) -> Publication:
    """The publication with one more review; the oldest of too many is left out."""
    return replace(publication, reviews=(*publication.reviews, review)[-MOST_REVIEWS:])


def personal_data_faults(text: str, contact: Contact) -> tuple[Fault, ...]:
    """What in a public text names a person: the reporter's name, an e-mail address, a long number, a tax code.

    It catches what a reviewer overlooks and does not replace the review: the name of somebody else is not found.
    """
    return tuple(
        Fault(slug, "text", detail, "Write the text without it.")
        for slug, detail in _personal_data(text, contact)
    )


def _personal_data(text: str, contact: Contact) -> Iterator[tuple[str, str]]:
    words = {word.casefold() for word in re.findall(r"\w+", text)}
    names = {
        word.casefold() for word in re.findall(r"\w+", contact.name or "") if len(word) >= _SHORTEST_NAME
    }
    if words & names:
        yield "public-text-name", "The text has the name of the person who reported."
    if _ADDRESS.search(text):
        yield "public-text-email", "The text has an e-mail address."
    if _LONG_NUMBER.search(text):
        yield "public-text-number", "The text has a phone number, or another number of nine digits or more."
    if _TAX_CODE.search(text):
        yield "public-text-tax-code", "The text has a tax code."
