"""Strict tables: CSV with named columns, and every cell has its line."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.strict_yaml import Fault, SeedError

_DELIMITERS = ";,\t"
# What a spreadsheet evaluates as a formula when a cell begins with it.
_FORMULA = ("=", "+", "-", "@")
_GUARD = "'"


@dataclass(frozen=True)
class TableRow:
    """One row of a table: the line that it begins on, and its cells by the name of their column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A parsed table: its bytes and its rows in the order of the file."""

    path: Path
    content: bytes
    rows: tuple[TableRow, ...]

    def fault(self, row: TableRow, column: str, fix: str) -> Fault:
        """An error in a cell."""
        return Fault(self.path, row.line, column, fix, row.cells.get(column) or None)


def load_table(path: Path, columns: Sequence[str] | None = None) -> Table:
    """Parse a table with exactly these columns, in any order; raises SeedError where it is unreadable, not UTF-8 or uneven.

    Without columns it may have any.

    The delimiter is the semicolon, comma or tabulator that its first line has. Cells are NFC, without surrounding whitespace
    and without the apostrophe that `write_table` puts before a formula. Rows without any text are left out.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SeedError(
            [Fault(path, 1, "", f"cannot be read ({error.strerror}); name the folder that has it")]
        ) from error
    return parse_table(path, content, columns)


def parse_table(path: Path, content: bytes, columns: Sequence[str] | None = None) -> Table:
    """The table in these bytes, `path` named in its errors; promises and raises what `load_table` does."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SeedError([Fault(path, line, "", "is not UTF-8; save it as CSV UTF-8")]) from error
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [_plain(name).casefold() for name in next(reader, [])]
        _check_header(path, names, names if columns is None else columns)
        rows, faults = _rows(path, reader, names)
    except csv.Error as error:
        fix = f"is not a table ({error}); put quotes around a text with a quote in it, and double that"
        raise SeedError([Fault(path, max(1, reader.line_num), "", fix)]) from error
    if faults:
        raise SeedError(faults)
    return Table(path, content, tuple(rows))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The text of a table; a cell that a spreadsheet would evaluate has an apostrophe before it."""
    return table_lines([columns, *rows])


def table_lines(rows: Iterable[Sequence[str]]) -> str:
    """The text of some rows, guarded like those of a table: for a table that is sent in portions."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerows(list(map(_guarded, row)) for row in rows)
    return text.getvalue()


def _rows(path: Path, reader: "csv._reader", names: Sequence[str]) -> tuple[list[TableRow], list[Fault]]:  # type: ignore[name-defined]
    rows: list[TableRow] = []
    faults: list[Fault] = []
    line = reader.line_num + 1
    for cells in reader:
        found = list(map(_plain, cells))
        if any(found) and len(found) != len(names):
            fix = f"has {len(found)} cells where the first line has {len(names)}; put quotes around a text with the delimiter in it"
            faults.append(Fault(path, line, "", fix))
        elif any(found):
            rows.append(TableRow(line, dict(zip(names, found, strict=True))))
        line = reader.line_num + 1
    return rows, faults


def _check_header(path: Path, names: Sequence[str], columns: Sequence[str]) -> None:
    wanted = ", ".join(columns)
    faults = [
        *(
            Fault(path, 1, name, "is missing in the first line; add the column")
            for name in columns
            if name not in names
        ),
        *(
            Fault(path, 1, name, f"is no column here; write {wanted}")
            for name in names
            if name not in columns
        ),
        *(Fault(path, 1, name, "is there twice; keep one") for name in columns if names.count(name) > 1),
    ]
    if faults:
        raise SeedError(faults)


def _plain(cell: str) -> str:
    """The text of a cell as it was meant."""
    text = unicodedata.normalize("NFC", cell).strip()
    return text[1:] if text.startswith(_GUARD) and _is_formula(text) else text


def _guarded(cell: str) -> str:
    return f"{_GUARD}{cell}" if _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    """Whether a spreadsheet would evaluate this cell, or would without its apostrophes."""
    return cell.lstrip(_GUARD)[:1] in _FORMULA
