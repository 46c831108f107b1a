"""The filter of the list of messages, as its address has it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from notify.app.preview import KINDS
from notify.domain.messages import Status
from notify.queries.message_pages import MILLISECOND, MessageFilter, Position

ROME = ZoneInfo("Europe/Rome")
FIRST_YEAR, LAST_YEAR = 2000, 2999


class ListAddress(BaseModel):
    """The query of the list: status, kind, first and last day, tracking code, and where the page begins."""

    stato: str = ""
    tipo: str = ""
    dal: str = ""
    al: str = ""
    codice: str = ""
    da: str = ""


def read_filter(address: ListAddress) -> tuple[MessageFilter, Mapping[str, str]]:
    """The filter, and the codes of errors by field; a value with an error filters nothing."""
    first, last = read_day(address.dal), read_day(address.al)
    errors = {
        name: "day"
        for name, written, read in (("dal", address.dal, first), ("al", address.al, last))
        if written.strip() and read is None
    }
    wanted = MessageFilter(
        status=Status(address.stato) if address.stato in set(Status) else None,
        template=address.tipo if address.tipo in KINDS else None,
        first=None if first is None else _midnight(first),
        last=None if last is None else _midnight(last + timedelta(days=1)) - MILLISECOND,
    )
    return wanted, errors


def read_day(written: str) -> date | None:
    """A day as people type it, 5/11/2026 or 5.11.2026, or as 2026-11-05; None when it is no day."""
    text = written.strip().replace(".", "/")
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            read = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        return read if FIRST_YEAR <= read.year <= LAST_YEAR else None
    return None


def _midnight(day: date) -> datetime:
    """The moment at which this day begins in Rome."""
    return datetime.combine(day, time(), ROME).astimezone(UTC)


def position_text(position: Position) -> str:
    """A position for an address."""
    return f"{position.written_at.astimezone(UTC):%Y%m%dT%H%M%S%f}_{position.message_id}"


def read_position(text: str) -> Position | None:
    """The position in an address, or None for the first page and for what is no position."""
    moment, _, message_id = text.partition("_")
    try:
        written_at = datetime.strptime(moment, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        return Position(written_at, str(UUID(message_id)))
    except ValueError:
        return None
