"""The audit: what people who run the system had done, when, and how it ended; nothing removes a row."""

from datetime import datetime
from typing import Any

from chassis.documents import Raw
from chassis.ids import uuid7


def audit_row(now: datetime, by: str, action: str, details: Raw | dict[str, Any]) -> Raw:
    """A row of the audit."""
    return {"_id": uuid7(now), "at": now, "by": by, "action": action, "details": details}
