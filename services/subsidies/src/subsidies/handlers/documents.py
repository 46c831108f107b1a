"""The collections of subsidies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.documents import Collection
from chassis.ids import derive
from chassis.sealing import Sealed
from subsidies.domain.applications import Application
from subsidies.domain.budgets import Budget
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.ledger import RESERVE, LedgerEntry
from subsidies.domain.measures import Register
from subsidies.domain.packs import PackText

CURRENT = "current"


@dataclass(frozen=True)
class Private:
    """The encrypted data of a decision; they are erased by removing the key and keeping the rest.

    `decision_id` is empty for the first decision on an application.
    """

    application_id: str
    sealed: Sealed
    decision_id: str = ""


@dataclass(frozen=True)
class Draft:
    """What an officer has typed for an application, encrypted; None when nothing is under way."""

    application_id: str
    sealed: Sealed | None


def _with_new_fields(state: Mapping[str, Any]) -> dict[str, Any]:
    """The next form of a state whose new fields have defaults."""
    return dict(state)


def ledger_id(decision_id: str, op: str) -> str:
    """The id of a ledger entry: a reservation has the decision's own."""
    return decision_id if op == RESERVE else derive(decision_id, op)


APPLICATIONS = Collection(
    "applications",
    Application,
    lambda one: one.application_id,
    publishes=("subsidies.applications",),
    upcasters=(_with_new_fields,),
)
PRIVATE = Collection(
    "private", Private, lambda one: one.decision_id or one.application_id, upcasters=(_with_new_fields,)
)
DRAFTS = Collection("drafts", Draft, lambda one: one.application_id)
DECISIONS = Collection(
    "decisions", DecisionRecord, lambda one: one.decision_id, upcasters=(_with_new_fields,)
)
BUDGETS = Collection("budgets", Budget, lambda one: one.code, publishes=("subsidies.measures",))
# Reference data: an entry never changes, and the decision in the same transaction is guarded.
LEDGER = Collection("ledger", LedgerEntry, lambda one: ledger_id(one.decision_id, one.op), reference=True)
PACKS = Collection("packs", PackText, lambda one: one.hash, reference=True)
REGISTERS = Collection("registers", Register, lambda one: one.id, reference=True)
COLLECTIONS = (APPLICATIONS, PRIVATE, DRAFTS, DECISIONS, BUDGETS, LEDGER, PACKS, REGISTERS)


COLLECTIONS = (APPLICATIONS, PRIVATE, DRAFTS, DECISIONS, BUDGETS, LEDGER, PACKS, REGISTERS)


def application_of(report_id: str) -> str:
    """The id of the only application of a report."""
    return derive(report_id, "application")


def decision_of(application_id: str, annulments: int = 0) -> str:
    """The id of the decision that follows this number of annulled ones on an application."""
    return derive(application_id, "decision" if annulments == 0 else f"decision/{annulments + 1}")


def private_of(application_id: str, annulments: int = 0) -> str:
    """The id of the encrypted data of that decision."""
    return application_id if annulments == 0 else decision_of(application_id, annulments)
