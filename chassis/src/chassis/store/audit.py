"""The audit: what administrators did and what a service records of its users, when; rows are never deleted."""

from datetime import datetime
from typing import Any

from chassis.documents import Raw, Where
from chassis.ids import uuid7

# Rows about the service's own subjects are many: they are not among what administrators did, which has no scope.
SCOPE = "service"
BY_ADMINISTRATORS: Where = {"scope": None}


def audit_row(now: datetime, by: str, action: str, details: Raw | dict[str, Any]) -> Raw:
    """A new row of the audit."""
    return {"_id": uuid7(now), "at": now, "by": by, "action": action, "details": details}
