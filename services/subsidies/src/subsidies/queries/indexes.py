"""The indexes of the queries."""

from chassis.documents import Index
from subsidies.handlers.documents import APPLICATIONS, LEDGER

INDEXES = (
    Index(APPLICATIONS.name, (("state.status", 1), ("state.opened_at", 1))),
    Index(APPLICATIONS.name, (("state.report_id", 1),)),
    Index(APPLICATIONS.name, (("state.opened_at", 1), ("_id", 1))),
    Index(APPLICATIONS.name, (("state.outcome", 1), ("state.decided_at", 1))),
    Index(LEDGER.name, (("state.budget", 1), ("state.at", 1))),
)
