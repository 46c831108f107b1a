"""Add the hashes of its contact to a report that was registered before there were any."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment
from intake.handlers.documents import PRIVATE, PrivatePart


@dataclass(frozen=True)
class IndexContact:
    """Add these hashes, which were computed from the content under this key."""

    report_id: str
    key: bytes
    lookup: tuple[str, ...]


def index_contact(command: IndexContact, sealed: PrivatePart | None, moment: Moment) -> Change:  # noqa: ARG001
    """Add the hashes; a content that was erased meanwhile, or that has some, does not change."""
    if sealed is None or sealed.lookup or sealed.key != command.key:
        return NOTHING
    return Change(write=[PRIVATE.put(replace(sealed, lookup=command.lookup))])
