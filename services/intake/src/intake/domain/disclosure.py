"""Statistical disclosure control: which counts of a table are published, so that no small count can be computed from the others."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

FEWEST = 5
TOTAL = ""
Cell = tuple[str, str]  # row and column; TOTAL for the sum of a line
Line = tuple[Cell, ...]  # inner cells, and their total at the end


@dataclass(frozen=True)
class Table:
    """Counts by row and column with their totals; counts that may not be published are `hidden`."""

    counts: Mapping[Cell, int]
    hidden: frozenset[Cell]

    def shown(self, row: str = TOTAL, column: str = TOTAL) -> int | None:
        """The published count, or None when it is hidden, or when the table has no such cell."""
        return None if (row, column) in self.hidden else self.counts.get((row, column))


def table(rows: Sequence[str], columns: Sequence[str], counts: Mapping[Cell, int]) -> Table:
    """The table of these inner counts; it hides counts below 5, and as many more as keep these secret.

    Whoever solves the equations between the published counts finds no count from 1 to 4, and in each line what stays unknown is 0
    together, or at least 5. Which totals of rows are hidden depends on these totals alone, so that two tables with the same
    totals publish the same ones.
    """
    full = {(row, column): counts.get((row, column), 0) for row in rows for column in columns}
    full |= _totals(full)
    hidden = _totals_to_hide(full, [(row, TOTAL) for row in rows])
    hidden |= {cell for cell, count in full.items() if count < FEWEST or (cell[0], TOTAL) in hidden}
    lines = [
        *(tuple((row, column) for column in (*columns, TOTAL)) for row in (*rows, TOTAL)),
        *(tuple((row, column) for row in (*rows, TOTAL)) for column in (*columns, TOTAL)),
    ]
    while (cell := next(_to_hide(full, hidden, lines), None)) is not None:
        hidden.add(cell)
    return Table(full, frozenset(hidden))


def _totals(counts: Mapping[Cell, int]) -> Mapping[Cell, int]:
    sums = Counter({(TOTAL, TOTAL): sum(counts.values())})
    for (row, column), count in counts.items():
        sums[row, TOTAL] += count
        sums[TOTAL, column] += count
    return sums


def _totals_to_hide(full: Mapping[Cell, int], totals: Iterable[Cell]) -> set[Cell]:
    """The small totals, and the next larger ones while the hidden ones are one, or less than 5 together."""
    hidden: set[Cell] = set()
    for cell in sorted(totals, key=lambda cell: (full[cell], cell)):
        together, several = sum(full[one] for one in hidden), len(hidden) > 1
        if full[cell] >= FEWEST and (together == 0 or (together >= FEWEST and several)):
            break
        hidden.add(cell)
    return hidden


def _to_hide(full: Mapping[Cell, int], hidden: set[Cell], lines: Sequence[Line]) -> Iterator[Cell]:
    """Cells any of which makes the table safer: beside what can be computed in a line that tells a small count, else in that line."""
    computed = _computable(full, hidden, lines)
    for line in lines:
        unknown = [cell for cell in line[:-1] if cell in hidden - computed]
        is_told = 0 < sum(full[cell] for cell in unknown) < FEWEST and line[-1] not in hidden - computed
        if is_told or any(0 < full[cell] < FEWEST for cell in computed.intersection(line)):
            found = {cell for cell in computed.intersection(line) if full[cell]}
            for beside in lines:
                if beside != line and not found.isdisjoint(beside):
                    yield from _next(full, hidden, beside)
            yield from _next(full, hidden, line)


def _next(full: Mapping[Cell, int], hidden: set[Cell], line: Line) -> Iterator[Cell]:
    """The smallest published cell of a line, else the total of a column; the totals of rows are settled before."""
    shown = [cell for cell in line[:-1] if cell not in hidden and cell[1] != TOTAL]
    yield from sorted(shown, key=lambda cell: (full[cell], cell))[:1]
    yield from sorted({(TOTAL, column) for _, column in line if column != TOTAL} - hidden)[:1]


def _computable(full: Mapping[Cell, int], hidden: set[Cell], lines: Sequence[Line]) -> set[Cell]:
    """The hidden counts that the published ones determine.

    A table is a graph of its rows and columns in which an unknown count is an edge: it is determined when the edge is in no circle.
    """
    zeros = _known_zeros(full, hidden, lines)
    edges = [(("row", row), ("column", column)) for row, column in sorted(hidden - zeros)]
    return zeros | {(row[1], column[1]) for row, column in _bridges(edges)}


def _known_zeros(full: Mapping[Cell, int], hidden: set[Cell], lines: Sequence[Line]) -> set[Cell]:
    """The hidden cells of lines whose published counts have the total, and so on while this tells more totals."""
    zeros: set[Cell] = set()
    while True:
        known = {
            cell
            for line in lines
            if line[-1] not in hidden - zeros and not any(full[one] for one in line[:-1] if one in hidden)
            for cell in hidden.intersection(line[:-1])
        }
        if known <= zeros:
            return zeros
        zeros |= known


Node = tuple[str, str]
Edge = tuple[Node, Node]


def _bridges(edges: Sequence[Edge]) -> Iterator[Edge]:
    """The edges that are in no circle: those of a spanning forest that no other edge bypasses."""
    beside: dict[Node, list[Edge]] = defaultdict(list)
    for edge in edges:
        for node in edge:
            beside[node].append(edge)
    order, over = _forest(beside)
    marks: dict[Node, int] = defaultdict(int)
    tree = set(over.values())
    for number, edge in enumerate(edge for edge in edges if edge not in tree):
        for node in edge:
            marks[node] ^= 1 << number
    for node in reversed(order):
        if node in over:
            if not marks[node]:
                yield over[node]
            marks[_other(over[node], node)] ^= marks[node]


def _forest(beside: Mapping[Node, Sequence[Edge]]) -> tuple[list[Node], dict[Node, Edge]]:
    """The nodes from the roots on, and the edge to the parent of each node but the roots."""
    order: list[Node] = []
    over: dict[Node, Edge] = {}
    seen: set[Node] = set()
    for root in beside:
        waiting = [] if root in seen else [root]
        seen.add(root)
        while waiting:
            order.append(node := waiting.pop())
            for edge in beside[node]:
                if (other := _other(edge, node)) not in seen:
                    seen.add(other)
                    over[other] = edge
                    waiting.append(other)
    return order, over


def _other(edge: Edge, node: Node) -> Node:
    return edge[1] if edge[0] == node else edge[0]
