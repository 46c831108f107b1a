"""The decision: the entitlement by the rules, limited by the available budget."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subsidies.domain.assessment import Assessment, assess
from subsidies.domain.entitlement import ChargeLine, distribute
from subsidies.domain.facts import Facts
from subsidies.domain.packs import Pack


class Outcome(StrEnum):
    """The outcome of a decision."""

    GRANTED = "granted"
    REFUSED = "refused"
    WAITLISTED = "waitlisted"


@dataclass(frozen=True)
class Circumstances:
    """What a decision depends on besides the facts and the pack; amounts in cents, days in Italy."""

    measure: str
    budget: str
    pack_hash: str
    notice_on: date
    submitted_on: date
    available_cents: int

    @classmethod
    def of(
        cls,
        *,
        measure: str,
        budget: str,
        pack_hash: str,
        notice_on: str,
        submitted_on: str,
        available_cents: int,
    ) -> "Circumstances":
        """The circumstances with days as ISO dates, as documents store them."""
        notice, submitted = date.fromisoformat(notice_on), date.fromisoformat(submitted_on)
        return cls(measure, budget, pack_hash, notice, submitted, available_cents)


@dataclass(frozen=True)
class Decision:
    """An outcome with its assessment and the lines it pays."""

    outcome: Outcome
    assessment: Assessment
    lines: tuple[ChargeLine, ...]

    @property
    def amount_cents(self) -> int:
        """The granted amount: the sum of the lines."""
        return sum(line.cents for line in self.lines)

    @property
    def partial(self) -> bool:
        """Whether the budget limits the grant to less than the rules allow."""
        return 0 < self.amount_cents < self.assessment.entitlement.due_cents


def decide(pack: Pack, facts: Facts, at: Circumstances) -> Decision:
    """Decide one application; equal packs, facts and circumstances give equal decisions.

    The grant is partial when less is available than due; with nothing available the application is waitlisted.
    Raises ValueError when the pack does not have the track that the facts name.
    """
    assessment = assess(pack, facts, at.notice_on, at.submitted_on)
    if not assessment.passed:
        return Decision(Outcome.REFUSED, assessment, ())
    if at.available_cents == 0:
        return Decision(Outcome.WAITLISTED, assessment, ())
    allowed = assessment.entitlement
    lines = distribute(allowed.charges, min(allowed.due_cents, at.available_cents))
    return Decision(Outcome.GRANTED, assessment, lines)
