"""The history of a case: what happened, when, and who of the staff did it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Happened(StrEnum):
    """What happened to a case."""

    OPENED = "opened"
    HELD = "held"
    MISSED = "missed"
    REASSIGNED = "reassigned"
    HANDED_OFF = "handed-off"
    CLOSING = "closing"
    UNDONE = "undone"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Shared(StrEnum):
    """What happened between cases of one problem."""

    MERGED = "merged"
    SPLIT = "split"
    JOINED = "joined"
    LEFT = "left"
    RAISED = "raised"


class MoveReason(StrEnum):
    """Why a case went to somebody else."""

    ABSENCE = "absence"
    WORKLOAD = "workload"
    COMPETENCE = "competence"
    CONFLICT_OF_INTEREST = "conflict-of-interest"
    TENANT_REQUEST = "tenant-request"
    OTHER = "other"


@dataclass(frozen=True)
class Staff:
    """A member of the staff: the issuer's subject id, and the name at that time; it is stored here and published nowhere."""

    subject: str
    name: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of a history; `code` is the missed date, the outcome or the reason; `by` is None for the system."""

    what: Happened
    at: datetime
    by: Staff | None = None
    route: str | None = None
    operator: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class CorrectedEntry:
    """One correction of a report: why, and the codes that the case had before."""

    at: datetime
    reason: str
    category: str
    urgency: str
    place_id: str

    @property
    def what(self) -> str:
        """The code of the line."""
        return "corrected"


@dataclass(frozen=True)
class RatedEntry:
    """How whoever made the report says that a closing went, from 1, very bad, to 5, very good."""

    at: datetime
    score: int
    closed_at: datetime

    @property
    def what(self) -> str:
        """The code of the line."""
        return "rated"


@dataclass(frozen=True)
class SharedEntry:
    """One line of what happened between a case and others of its problem; `other` is a report, `code` the rule that raised it."""

    what: Shared
    at: datetime
    other: str | None = None
    code: str | None = None
