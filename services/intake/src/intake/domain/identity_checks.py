"""How the staff identified a person before they made a new PIN."""

from enum import StrEnum


class IdentityCheck(StrEnum):
    """What convinced the staff that the report is this person's."""

    DOCUMENT = "document"
    KNOWN_PERSON = "known-person"
    OLD_RECEIPT = "old-receipt"
