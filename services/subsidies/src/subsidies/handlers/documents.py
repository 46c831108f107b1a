"""What subsidies keeps."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chassis.documents import Collection
from chassis.ids import derive
from chassis.sealing import Sealed
from subsidies.domain.budget import Budget
from subsidies.domain.decision import Outcome
from subsidies.domain.measure import Measure

CURRENT = "current"


class Status(StrEnum):
    """Where an application stands; `awaiting-measure` came while no notice was open and waits for one."""

    AWAITING_MEASURE = "awaiting-measure"
    AWAITING_DATA = "awaiting-data"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Application:
    """One request for a contribution, opened by one report."""

    application_id: str
    report_id: str
    measure: str
    status: Status
    opened_at: datetime
    outcome: Outcome | None = None
    budget: str | None = None
    amount_cents: int = 0
    partial: bool = False
    decision_id: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Private:
    """The data an application was decided on, sealed; erased by keeping it without its key."""

    application_id: str
    sealed: Sealed


@dataclass(frozen=True)
class Reason:
    """One condition of a decision: the rule and how it ended, never the value it was held against."""

    code: str
    comparator: str
    threshold: str
    outcome: str
    legal: str


@dataclass(frozen=True)
class DecisionRecord:
    """A decision and all it depends on beside the sealed data; `digest` proves that a replay gives the same bytes."""

    decision_id: str
    application_id: str
    cause: str
    measure: str
    budget: str
    pack: str
    pack_hash: str
    track: str
    notice_on: str
    submitted_on: str
    available_cents: int
    outcome: Outcome
    amount_cents: int
    partial: bool
    reasons: tuple[Reason, ...]
    digest: str
    decided_at: datetime


@dataclass(frozen=True)
class LedgerEntry:
    """One movement of a budget, in cents; its id is the decision's, so a decision moves money once."""

    decision_id: str
    application_id: str
    budget: str
    op: str
    cents: int
    at: datetime


@dataclass(frozen=True)
class PackText:
    """A rule pack as canonical JSON under the SHA-256 of that text; it never changes, a new text is a new one."""

    hash: str
    id: str
    text: str


@dataclass(frozen=True)
class Register:
    """The measures in force; `content` is the hash of what the file says, `revision` counts its changes."""

    id: str
    content: str
    measures: tuple[Measure, ...]
    revision: int = 1


APPLICATIONS = Collection(
    "applications", Application, lambda one: one.application_id, publishes=("subsidies.applications",)
)
PRIVATE = Collection("private", Private, lambda one: one.application_id)
DECISIONS = Collection("decisions", DecisionRecord, lambda one: one.decision_id)
BUDGETS = Collection("budgets", Budget, lambda one: one.code, publishes=("subsidies.measures",))
# Settled: an entry never changes, and the decision written with it is the guard; a refusal leaves no empty entry.
LEDGER = Collection("ledger", LedgerEntry, lambda one: one.decision_id, reference=True)
PACKS = Collection("packs", PackText, lambda one: one.hash, reference=True)
REGISTERS = Collection("registers", Register, lambda one: one.id, reference=True)


def application_of(report_id: str) -> str:
    """The id of the one application that a report opens."""
    return derive(report_id, "application")


def decision_of(application_id: str) -> str:
    """The id of the one decision that an application gets."""
    return derive(application_id, "decision")
