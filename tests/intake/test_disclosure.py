"""No count below 5 is published, and none can be computed from what is."""

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.disclosure import FEWEST, TOTAL, Cell, Table, table

SIZES = st.integers(1, 6)
COUNTS = st.one_of(st.just(0), st.integers(0, 6), st.integers(0, 60))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[str], Table]:
    rows, columns = ([f"{kind}{number}" for number in range(draw(SIZES))] for kind in "rc")
    counts = {cell: draw(COUNTS) for cell in product(rows, columns)}
    return rows, columns, table(rows, columns, counts)


def equations(rows: list[str], columns: list[str]) -> list[tuple[list[Cell], Cell]]:
    across = [([(row, column) for column in columns], (row, TOTAL)) for row in [*rows, TOTAL]]
    return across + [([(row, column) for row in rows], (TOTAL, column)) for column in [*columns, TOTAL]]


def determined(rows: list[str], columns: list[str], made: Table) -> set[Cell]:
    """What somebody knows who solves the equations, and knows that no count is negative."""
    lines, known = equations(rows, columns), set(made.counts) - made.hidden
    for line, total in lines * 3:
        if total in known and not sum(made.counts[cell] for cell in line if cell not in known):
            known |= set(line)
    unknown = sorted(set(made.counts) - known)
    matrix = [[Fraction((cell in line) - (cell == total)) for cell in unknown] for line, total in lines]
    return known | {cell for cell, row in zip(unknown, solved(matrix, len(unknown)), strict=True) if row}


def solved(matrix: list[list[Fraction]], width: int) -> list[bool]:
    """For each unknown whether the equations have one value for it (Gauss and Jordan)."""
    pivots: dict[int, list[Fraction]] = {}
    for column in range(width):
        row = next((one for one in matrix if one[column] and one not in pivots.values()), None)
        if row is None:
            continue
        row[:] = [value / row[column] for value in row]
        pivots[column] = row
        for other in matrix:
            if other is not row and other[column]:
                factor = other[column]
                other[:] = [one - factor * two for one, two in zip(other, row, strict=True)]
    return [column in pivots and sum(map(bool, pivots[column])) == 1 for column in range(width)]


@settings(max_examples=300, deadline=None)
@given(tables())
def test_a_count_below_five_is_not_published_and_cannot_be_computed(
    made: tuple[list[str], list[str], Table],
) -> None:
    rows, columns, found = made
    small = {cell for cell, count in found.counts.items() if count < FEWEST}

    assert small <= found.hidden
    assert {cell for cell in determined(rows, columns, found) if 0 < found.counts[cell] < FEWEST} == set()


@settings(max_examples=300, deadline=None)
@given(tables())
def test_what_stays_unknown_in_a_line_is_nothing_or_five_together(
    made: tuple[list[str], list[str], Table],
) -> None:
    rows, columns, found = made
    known = determined(rows, columns, found)
    for line, total in equations(rows, columns):
        together = sum(found.counts[cell] for cell in line if cell not in known)
        assert total not in known or together == 0 or together >= FEWEST


def test_a_table_without_small_counts_hides_nothing() -> None:
    found = table(["a", "b"], ["x", "y"], {("a", "x"): 5, ("a", "y"): 9, ("b", "x"): 7, ("b", "y"): 100})

    assert found.hidden == frozenset()
    assert found.shown("a") == 14
    assert found.shown() == 121
