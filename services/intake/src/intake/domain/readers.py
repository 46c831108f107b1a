"""Who of the staff may read what a tenant wrote."""

from collections.abc import Set
from enum import StrEnum

from intake.domain.categories import Category, Kind

ALL_REPORTS = frozenset({"operator", "coordinator"})
CONTRIBUTIONS = frozenset({"officer"})


class Part(StrEnum):
    """What of a report is shown: a fragment, the whole report, its contact in a form or in a look-up, its small photos, a photo, or what
    was written before it was a report.
    """

    FRAGMENT = "fragment"
    FULL = "full"
    CONTACT = "contact"
    LOOKUP = "lookup"
    PHOTOS = "photos"
    PHOTO = "photo"
    WAITING = "waiting"


def may_read(roles: Set[str], category: Category | None) -> bool:
    """Whether one of these roles reads a report of this category: officers read those about contributions only."""
    if not ALL_REPORTS.isdisjoint(roles):
        return True
    is_contribution = category is not None and category.kind is Kind.CONTRIBUTION
    return is_contribution and not CONTRIBUTIONS.isdisjoint(roles)
