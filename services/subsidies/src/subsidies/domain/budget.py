"""A budget that cannot be overspent: every cent is available, reserved, committed or paid."""

from dataclasses import dataclass, replace


class BudgetError(ValueError):
    """Cents would be spent that are not there, or would be lost; the text says how many."""


@dataclass(frozen=True)
class Budget:
    """One leaf of a measure's budget tree (measure, then province), in cents; `revision` counts its allocations."""

    code: str
    measure: str
    province: str
    allocated_cents: int
    available_cents: int
    reserved_cents: int = 0
    committed_cents: int = 0
    paid_cents: int = 0
    revision: int = 1

    def __post_init__(self) -> None:
        parts = (self.available_cents, self.reserved_cents, self.committed_cents, self.paid_cents)
        if min(parts) < 0 or sum(parts) != self.allocated_cents:
            raise BudgetError(
                f"{self.code}: allocated {self.allocated_cents} is not available + reserved + committed + paid {parts}"
            )

    @property
    def spent_cents(self) -> int:
        """What is promised or paid and cannot be taken back by lowering the allocation."""
        return self.allocated_cents - self.available_cents

    def reserve(self, cents: int) -> "Budget":
        """Set cents aside for one grant; raises BudgetError when they are not available."""
        if not 0 < cents <= self.available_cents:
            raise BudgetError(
                f"{self.code}: cannot reserve {cents} of {self.available_cents} available cents"
            )
        return replace(
            self, available_cents=self.available_cents - cents, reserved_cents=self.reserved_cents + cents
        )

    def reallocate(self, allocated_cents: int) -> "Budget":
        """Change how much there is in all; raises BudgetError below what is spent."""
        if allocated_cents < self.spent_cents:
            raise BudgetError(f"{self.code}: {self.spent_cents} cents are spent, more than {allocated_cents}")
        return replace(
            self,
            allocated_cents=allocated_cents,
            available_cents=allocated_cents - self.spent_cents,
            revision=self.revision + 1,
        )
