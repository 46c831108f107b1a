"""A budget that cannot be overspent: every cent is available, reserved, committed or paid."""

from dataclasses import dataclass, replace


class BudgetError(ValueError):
    """The operation would overspend the budget or lose cents; the text gives the amounts."""


@dataclass(frozen=True)
class Budget:
    """The budget of one measure in one province, in cents; `revision` counts the changes of its allocation.

    Raises BudgetError when allocated is not available + reserved + committed + paid, or a part is negative.
    """

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
        """Reserved, committed and paid cents: the least that the allocation may be."""
        return self.allocated_cents - self.available_cents

    def reserve(self, cents: int) -> "Budget":
        """Reserve cents for one grant; raises BudgetError when they are not available."""
        if not 0 < cents <= self.available_cents:
            raise BudgetError(
                f"{self.code}: cannot reserve {cents} of {self.available_cents} available cents"
            )
        return replace(
            self, available_cents=self.available_cents - cents, reserved_cents=self.reserved_cents + cents
        )

    def release(self, cents: int) -> "Budget":
        """Release reserved cents of an annulled grant; raises BudgetError when they are not reserved."""
        if not 0 < cents <= self.reserved_cents:
            raise BudgetError(f"{self.code}: cannot release {cents} of {self.reserved_cents} reserved cents")
        return replace(
            self, available_cents=self.available_cents + cents, reserved_cents=self.reserved_cents - cents
        )

    def reallocate(self, allocated_cents: int) -> "Budget":
        """Change the allocation; raises BudgetError when it is lower than the spent cents."""
        if allocated_cents < self.spent_cents:
            raise BudgetError(
                f"{self.code}: {self.spent_cents} cents are spent: cannot allocate {allocated_cents}"
            )
        return replace(
            self,
            allocated_cents=allocated_cents,
            available_cents=allocated_cents - self.spent_cents,
            revision=self.revision + 1,
        )
