"""Queries for the audit of PINs that staff made."""

from dataclasses import dataclass
from datetime import datetime

from chassis.service import ServiceContext

MADE, SHOWN = "make-pin", "show-pin"


@dataclass(frozen=True)
class ReceiptMade:
    """Who made a PIN, and when."""

    by: str
    at: datetime


async def receipt_made(context: ServiceContext, id: str) -> ReceiptMade | None:  # noqa: A002 - an audit row's id is called id
    """The audit row of a PIN that was made, or None."""
    rows = await context.audited({"_id": id}, 1)
    return ReceiptMade(rows[0]["by"], rows[0]["at"]) if rows else None
