"""The decision: what the rules allow, met with what the budget has left."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subsidies.domain.allocation import Line, allocate
from subsidies.domain.assessment import Assessment, assess
from subsidies.domain.facts import Facts
from subsidies.domain.pack import Pack


class Outcome(StrEnum):
    """How an application is decided."""

    GRANTED = "granted"
    REFUSED = "refused"
    WAITLISTED = "waitlisted"


@dataclass(frozen=True)
class Circumstances:
    """Everything beside the facts and the pack that a decision depends on; cents and days in Italy."""

    measure: str
    budget: str
    pack_hash: str
    notice_on: date
    submitted_on: date
    available_cents: int


@dataclass(frozen=True)
class Decision:
    """An outcome with the assessment it follows from and the lines it pays."""

    outcome: Outcome
    assessment: Assessment
    lines: tuple[Line, ...]

    @property
    def amount_cents(self) -> int:
        """What is granted, which is what its lines add up to."""
        return sum(line.cents for line in self.lines)

    @property
    def partial(self) -> bool:
        """Whether less is granted than the rules allow, because the budget ended."""
        return 0 < self.amount_cents < self.assessment.entitlement.due_cents


def decide(pack: Pack, facts: Facts, at: Circumstances) -> Decision:
    """Decide one application; the same pack, facts and circumstances give the same decision always.

    The last grant is partial when less is available than due; with nothing available the application waits.
    """
    assessment = assess(pack, facts, at.notice_on, at.submitted_on)
    if not assessment.passed:
        return Decision(Outcome.REFUSED, assessment, ())
    if at.available_cents == 0:
        return Decision(Outcome.WAITLISTED, assessment, ())
    allowed = assessment.entitlement
    lines = allocate(allowed.charges, min(allowed.due_cents, at.available_cents))
    return Decision(Outcome.GRANTED, assessment, lines)
