"""The audit: what administrators did, when, and how it ended; rows are never deleted."""

from datetime import datetime
from typing import Any

from chassis.documents import Raw
from chassis.ids import uuid7


def audit_row(now: datetime, by: str, action: str, details: Raw | dict[str, Any]) -> Raw:
    """A new row of the audit."""
    return {"_id": uuid7(now), "at": now, "by": by, "action": action, "details": details}
