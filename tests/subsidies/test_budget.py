"""A budget never overspends and never loses a cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subsidies.domain.budgets import Budget, BudgetError
from subsidies.domain.entitlement import ChargeLine, distribute

CENTS = st.integers(0, 400_000)


def whole(cents: int) -> Budget:
    return Budget("crs-bergamo", "crs", "bergamo", cents, cents)


@given(allocated=st.integers(0, 3_000_000), dues=st.lists(st.integers(1, 400_000), max_size=60))
def test_any_sequence_of_grants_spends_at_most_the_budget(allocated: int, dues: list[int]) -> None:
    budget, granted = whole(allocated), 0

    for due in dues:
        given_cents = min(due, budget.available_cents)
        if given_cents:
            budget = budget.reserve(given_cents)
            granted += given_cents

    assert budget.reserved_cents == granted == min(allocated, sum(dues))
    assert budget.available_cents == allocated - granted


@given(allocated=CENTS, spent=CENTS, wanted=CENTS)
def test_an_allocation_moves_only_what_is_not_spent(allocated: int, spent: int, wanted: int) -> None:
    budget = whole(allocated)
    if 0 < spent <= allocated:
        budget = budget.reserve(spent)

    if wanted < budget.spent_cents:
        with pytest.raises(BudgetError):
            budget.reallocate(wanted)
    else:
        moved = budget.reallocate(wanted)
        assert (moved.spent_cents, moved.available_cents) == (budget.spent_cents, wanted - budget.spent_cents)


@pytest.mark.parametrize("cents", [0, -1, 101])
def test_no_more_than_the_available_cents_can_be_reserved(cents: int) -> None:
    with pytest.raises(BudgetError):
        whole(100).reserve(cents)


def test_a_budget_whose_parts_do_not_add_up_cannot_exist() -> None:
    with pytest.raises(BudgetError):
        Budget("b", "m", "p", 100, 60, 30)


@given(charges=st.lists(st.integers(0, 50_000), max_size=20), cents=CENTS)
def test_what_is_spread_is_what_is_given_and_never_more_than_owed(charges: list[int], cents: int) -> None:
    owed = [ChargeLine(f"arrears:{number}", amount) for number, amount in enumerate(charges)]

    lines = distribute(owed, cents)

    assert sum(line.cents for line in lines) == min(cents, sum(charges))
    by_charge = {line.charge: line.cents for line in owed}
    assert all(0 < line.cents <= by_charge[line.charge] for line in lines)
    whole_lines = lines[:-1]
    assert all(line.cents == by_charge[line.charge] for line in whole_lines)
