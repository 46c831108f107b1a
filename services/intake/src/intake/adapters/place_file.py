"""The table of places that the agency edits, places.csv: read strictly, and written back as it was read."""

import hashlib
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from chassis.seed import CODE, Fault, Table, TableRow, load_table, parse_table, refuse, write_table
from intake.domain.place_tree import PlaceTree
from intake.domain.places import PARENTS, AssetKind, Place, PlaceKind

NAME = "places.csv"
COLUMNS = (
    "id",
    "kind",
    "parent",
    "code",
    "label",
    "asset",
    "address",
    "postal_code",
    "lat",
    "lon",
    "aliases",
    "closed_on",
)
BETWEEN = "|"  # two aliases in one cell
MOST = 200  # characters of a cell
_CODED = {PlaceKind.PROVINCE.value, PlaceKind.NEIGHBOURHOOD.value}
_KINDS = ", ".join(PlaceKind)
_ASSETS = ", ".join(AssetKind)
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:[.,][0-9]{1,15})?")
_DAYS = ("%Y-%m-%d", "%d/%m/%Y")
Check = Callable[[str], str | None]


def read_places(folder: Path) -> PlaceTree:
    """The places of a seed folder; raises SeedError with every error."""
    return tree_of(load_table(folder / NAME, COLUMNS))


def parse_places(path: Path, content: bytes) -> PlaceTree:
    """The places in these bytes, `path` named in the errors; raises SeedError with every error."""
    return tree_of(parse_table(path, content, COLUMNS))


def tree_of(table: Table) -> PlaceTree:
    """The places of a table; raises SeedError with every error."""
    rows = {row.cells["id"]: row for row in table.rows}
    refuse(
        [
            *_cell_faults(table),
            *_repeated(table, "id"),
            *_repeated(table, "code"),
            *_place_faults(table, rows),
        ]
    )
    version = hashlib.sha256(table.content).hexdigest()[:16]
    return PlaceTree(version, tuple(_place(row, rows) for row in table.rows))


def written(tree: PlaceTree) -> str:
    """The table of these places, in their order: read again it is the same tree, written again the same text."""
    return write_table(COLUMNS, ([*_cells(place)] for place in tree.places))


def replace_places(folder: Path, tree: PlaceTree) -> None:
    """Replace the table of a seed folder as a whole: a reader sees the one before or this one."""
    target = folder / NAME
    staged = target.with_name(f".{NAME}.part")
    with staged.open("w", encoding="utf-8", newline="") as file:
        file.write(written(tree))
        file.flush()
        os.fsync(file.fileno())
    staged.replace(target)


def _cells(place: Place) -> Iterator[str]:
    coded = {PlaceKind.PROVINCE: place.province, PlaceKind.NEIGHBOURHOOD: place.neighbourhood}
    yield from (place.id, place.kind.value, place.parent or "", coded.get(place.kind, ""), place.label)
    yield from (place.asset or "", place.address, place.postal_code)
    yield from ("" if one is None else f"{one:.6f}".rstrip("0").rstrip(".") for one in (place.lat, place.lon))
    yield from (BETWEEN.join(place.aliases), place.closed_on or "")


def _place(row: TableRow, rows: Mapping[str, TableRow]) -> Place:
    above = {one.cells["kind"]: one.cells for one in _lineage(row, rows)}
    area, province = above.get(PlaceKind.NEIGHBOURHOOD, {}), above[PlaceKind.PROVINCE]
    cells = row.cells
    return Place(
        id=cells["id"],
        label=cells["label"],
        neighbourhood=area.get("code", ""),
        neighbourhood_label=area.get("label", ""),
        province=province["code"],
        province_label=province["label"],
        kind=PlaceKind(cells["kind"]),
        parent=cells["parent"] or None,
        asset=AssetKind(cells["asset"]) if cells["asset"] else None,
        address=cells["address"],
        postal_code=cells["postal_code"],
        lat=_degrees(cells["lat"]),
        lon=_degrees(cells["lon"]),
        aliases=tuple(filter(None, map(str.strip, cells["aliases"].split(BETWEEN)))),
        closed_on=min(filter(None, (_day(one["closed_on"]) for one in above.values())), default=None),
    )


def _lineage(row: TableRow, rows: Mapping[str, TableRow]) -> Iterator[TableRow]:
    """The row and those above it; ends, because each is of a wider kind than the one before."""
    yield row
    if row.cells["parent"]:
        yield from _lineage(rows[row.cells["parent"]], rows)


def _cell_faults(table: Table) -> Iterator[Fault]:
    for row in table.rows:
        for column, check in _CHECKS.items():
            if fix := check(row.cells[column]):
                yield table.fault(row, column, fix)
        for column, cell in row.cells.items():
            if len(cell) > MOST:
                yield table.fault(row, column, f"write at most {MOST} characters")
            if not cell.isprintable():
                yield table.fault(row, column, "has control characters or line breaks; write it in one line")


def _repeated(table: Table, column: str) -> Iterator[Fault]:
    """An id or code that an earlier row has; a neighbourhood and a province may have the same code."""
    seen: dict[tuple[str, str], int] = {}
    for row in table.rows:
        key = (row.cells[column], row.cells["kind"] if column == "code" else "")
        if key[0] and key in seen:
            yield table.fault(row, column, f"is there twice, first on line {seen[key]}; give each its own")
        seen.setdefault(key, row.line)


def _place_faults(table: Table, rows: Mapping[str, TableRow]) -> Iterator[Fault]:
    for row in table.rows:
        cells = row.cells
        if cells["kind"] in set(PlaceKind):
            yield from _parent_faults(table, row, rows)
            if bool(cells["code"]) is not (cells["kind"] in _CODED):
                yield table.fault(
                    row, "code", "write one for a province or neighbourhood, and none for another place"
                )
            if bool(cells["asset"]) is not (cells["kind"] == PlaceKind.ASSET):
                yield table.fault(
                    row, "asset", f"write one of {_ASSETS} for an asset, and none for another place"
                )
        if bool(cells["lat"]) is not bool(cells["lon"]):
            yield table.fault(row, "lat" if cells["lon"] else "lon", "write both coordinates, or none")


def _parent_faults(table: Table, row: TableRow, rows: Mapping[str, TableRow]) -> Iterator[Fault]:
    allowed, parent = PARENTS[PlaceKind(row.cells["kind"])], row.cells["parent"]
    wanted = " or ".join(kind.value for kind in PlaceKind if kind in allowed)
    if not allowed:
        if parent:
            yield table.fault(row, "parent", "a province is part of nothing; leave it empty")
    elif parent not in rows:
        yield table.fault(row, "parent", f"there is no such place; write the id of its {wanted}")
    elif rows[parent].cells["kind"] not in allowed:
        yield table.fault(row, "parent", f"is a {rows[parent].cells['kind']}; write the id of its {wanted}")


def _one_of(kind: Iterable[str], fix: str) -> Check:
    known = set(kind)
    return lambda cell: None if cell in known else fix


def _matching(pattern: str, fix: str) -> Check:
    return lambda cell: None if re.fullmatch(pattern, cell) else fix


def _degrees_up_to(most: int) -> Check:
    def check(cell: str) -> str | None:
        degrees = _degrees(cell) if not cell or _DEGREES.fullmatch(cell) else math.inf
        return (
            None
            if degrees is None or abs(degrees) <= most
            else f"write degrees like 45.69 from -{most} to {most}, or nothing"
        )

    return check


def _degrees(cell: str) -> float | None:
    """Degrees with at most six decimals, a tenth of a metre."""
    return round(float(cell.replace(",", ".")), 6) + 0.0 if cell else None


def _check_day(cell: str) -> str | None:
    return None if not cell or _day(cell) else "write a day like 2026-11-30, or nothing"


def _day(cell: str) -> str | None:
    """The day as 2026-11-30; a spreadsheet may have made 30/11/2026 of it."""
    for form in _DAYS:
        try:
            found: date = datetime.strptime(cell, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return found.isoformat()
    return None


_CHECKS: Mapping[str, Check] = {
    "id": _matching(CODE, "write an id: lowercase letters, digits, dot, dash and underscore, at most 64"),
    "kind": _one_of(PlaceKind, f"write one of {_KINDS}"),
    "code": _matching(
        f"{CODE}|", "write a code: lowercase letters, digits, dot, dash and underscore, at most 64"
    ),
    "label": _matching(r".*\w.*", "write what people call it"),
    "asset": _one_of((*AssetKind, ""), f"write one of {_ASSETS}, or nothing"),
    "postal_code": _matching(r"[0-9]{5}|", "write the five digits, or nothing"),
    "lat": _degrees_up_to(90),
    "lon": _degrees_up_to(180),
    "closed_on": _check_day,
}
