"""What the desk corrected in a report: when, who, why, and what was there before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from intake.domain.categories import Category, Kind
from intake.domain.draft_rules import Fault

MOST = 50


class CorrectionReason(StrEnum):
    """Why a report is corrected."""

    WRONG_CATEGORY = "wrong-category"
    WRONG_PLACE = "wrong-place"
    MORE_KNOWN = "more-known"
    OTHER = "other"


@dataclass(frozen=True)
class Correction:
    """One correction, never changed: `what` are the parts that changed, `category` and `place_id` what they were.

    `by` is the issuer's id of who made it. `fields` are the other parts as they were, encrypted under the key of the report.
    """

    id: str
    at: datetime
    by: str
    reason: str
    what: tuple[str, ...]
    category: str
    place_id: str
    fields: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Corrections:
    """The corrections of one report, oldest first; their number is the version that a form was filled in for."""

    report_id: str
    corrections: tuple[Correction, ...] = ()

    def has(self, id: str) -> bool:  # noqa: A002 - a correction's id is called id
        """Whether there is a correction with this id."""
        return any(one.id == id for one in self.corrections)


def contribution_faults(before: Category | None, after: Category | None) -> tuple[Fault, ...]:
    """The fault of a correction from or to a contribution: its application has rules and time limits of its own."""
    kinds = [one.kind for one in (before, after) if one is not None]
    if before == after or Kind.CONTRIBUTION not in kinds:
        return ()
    return (
        Fault(
            "contribution-category",
            "category",
            "A report is never made a contribution, nor a contribution something else.",
            "Make a new report.",
        ),
    )
