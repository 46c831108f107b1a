"""Reads the records of a list; every line belongs to exactly one record.

A stray quote opens a quoted column that swallows the rows below it. A record of several lines is therefore accepted only
if its quotes follow RFC 4180 (a quoted column ends with a quote before a delimiter or the end of the line, quotes inside
are doubled), it has as many columns as the header, at most 500 lines and 131,072 characters in a column, and no line of
it looks like a row. These lines look like a row:

- a line inside the quotes that by itself has as many columns as the header, unless whitespace follows each of its
  delimiters, as in a sentence;
- a line that has as many columns as the header when quotes are ordinary characters, if its date is inside the quotes.

Otherwise the first line of the record is rejected, and reading continues with the next line.
"""

import csv
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake.app.imports.csv_dialect import MOST_LINES, QUOTE, Dialect, RowDetector
from intake.domain.import_mapping import ImportMapping, comparable

_SAMPLE_SIZE = 64
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = {";": '";"', ",": '","', "\t": '"\\t"', "|": '"|"'}


class ImportFailed(Exception):
    """The import cannot start or continue; the text is the reason and the fix."""


@dataclass(frozen=True)
class Row:
    """One record: its first line, its cells or its problem, and its number of lines.

    A blank record (empty, or delimiters and whitespace only) has neither cells nor a problem.
    """

    line: int
    cells: Mapping[str, str]
    problem: str = ""
    lines: int = 1

    @property
    def blank(self) -> bool:
        """Whether the record is blank."""
        return not self.cells and not self.problem


@dataclass(frozen=True)
class Survey:
    """The number of lines of a list, by kind, and a random sample of its rows."""

    lines: int
    header: int
    rows: int
    blank: int
    sample: tuple[Row, ...]


class _Broken(Exception):
    """No valid record starts at this line; the text is the reason."""


def printable(text: str) -> str:
    """The text in one line, without control characters."""
    return "".join(filter(str.isprintable, " ".join(text.split())))


def read_rows(file: Path, mapping: ImportMapping) -> Iterator[Row]:
    """The records of a list below its header, in order; an invalid record is a row with its problem.

    Raises ImportFailed when the file cannot be read, or its header lacks or repeats a column of the mapping.
    """
    with _opened(file, mapping) as lines:
        yield from _Records(file, lines, mapping).rows()


def survey(file: Path, mapping: ImportMapping) -> Survey:
    """Read a list to its end before any of it is sent; raises ImportFailed as `read_rows` does."""
    sample: list[Row] = []
    seen, taken, blank = 0, 0, 0
    rng = random.Random(0)
    with _opened(file, mapping) as lines:
        records = _Records(file, lines, mapping)
        for row in records.rows():
            taken += 0 if row.blank else row.lines
            blank += row.lines if row.blank else 0
            if row.cells:
                seen += 1
                place = len(sample) if len(sample) < _SAMPLE_SIZE else rng.randrange(seen)
                sample[place : place + 1] = [row] if place < _SAMPLE_SIZE else sample[place : place + 1]
    return Survey(records.lines.seen, records.header_lines, taken, blank, tuple(sample))


@contextmanager
def _opened(file: Path, mapping: ImportMapping) -> Iterator[Iterator[str]]:
    try:
        with file.open("rb") as raw:
            begins = raw.read(2)
        if begins in _UTF16 and not mapping.encoding.startswith("utf-16"):
            raise ImportFailed(f"{file} is UTF-16: write `encoding: utf-16` in the mapping")
        with file.open(encoding=mapping.encoding, errors="surrogateescape", newline="") as lines:
            yield lines
    except OSError as error:
        raise ImportFailed(f"{file} cannot be read ({error.strerror}): name the list to import") from error
    except (UnicodeError, LookupError) as error:
        raise ImportFailed(f"{file} is not {mapping.encoding}: correct `encoding` in the mapping") from error


class _Lines:
    """The lines of a list with lookahead; `number` is the next line's, `seen` the count of lines read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._ahead = lines, [next(lines, "").removeprefix("\ufeff")]
        self.number = 1
        self.seen = 1 if self._ahead[0] else 0

    def peek(self, place: int) -> str:
        """The line at this offset from the next one; empty after the end."""
        while len(self._ahead) <= place:
            self._ahead.append(next(self._lines, ""))
            self.seen += 1 if self._ahead[-1] else 0
        return self._ahead[place]

    def drop(self, count: int) -> None:
        """Skip this many lines."""
        del self._ahead[:count]
        self.number += count


class _Records:
    """The records of one list, the header first."""

    def __init__(self, file: Path, lines: Iterator[str], mapping: ImportMapping) -> None:
        self._file, self._mapping = file, mapping
        self._dialect = Dialect(mapping)
        self.lines = _Lines(lines)
        self._names = self._header()
        self.header_lines = self.lines.number - 1
        date = self._names.index(dict(mapping.columns)["date"])
        self._detector = RowDetector(self._dialect, len(self._names), date, mapping)

    def _header(self) -> list[str]:
        try:
            cells, used = self._record(None)
        except _Broken as broken:
            raise ImportFailed(f"{self._file}: the header cannot be read: {broken}") from broken
        names = [comparable(cell) for cell in cells]
        if used > 1 and any(self._mapping.delimiter in name and len(name.splitlines()) > 1 for name in names):
            raise ImportFailed(
                f"{self._file}: a quote in the first line opens a column that continues below: close it in the first line"
            )
        for name in self._mapping.needed():
            if name not in names:
                raise ImportFailed(f"{self._file}: {_missing(name, names, self._mapping)}")
            if names.count(name) > 1:
                places = [str(place) for place, other in enumerate(names, 1) if other == name]
                raise ImportFailed(
                    f"{self._file}: the columns {' and '.join(places)} are both named {printable(name)}: "
                    "give one of them another name in the first line"
                )
        self.lines.drop(used)
        return names

    def rows(self) -> Iterator[Row]:
        """The records below the header."""
        while self.lines.peek(0):
            row = self._row()
            yield row
            self.lines.drop(row.lines)

    def _row(self) -> Row:
        line = self.lines.number
        try:
            cells, used = self._record(self._detector)
        except _Broken as broken:
            return Row(line, {}, str(broken))
        if not any(map(str.strip, cells)):
            return Row(line, {}, lines=used)
        if len(cells) == len(self._names):
            return Row(line, dict(zip(self._names, cells, strict=True)), lines=used)
        problem = f"{len(cells)} columns where the header has {len(self._names)}"
        below = "" if used == 1 else f", up to line {line + used - 1}, where the quote that opens here closes"
        return Row(line, {}, problem + below)

    def _record(self, detector: RowDetector | None) -> tuple[list[str], int]:
        """The cells of the next record and its number of lines; raises _Broken."""
        used = 0

        def feed() -> Iterator[str]:
            nonlocal used
            closed = 0
            while (line := self.lines.peek(used)) and used < MOST_LINES:
                if detector and used:
                    self._refuse_rows(detector, line, used)
                    closed += detector.closes(line)
                    # Each closed quote ends a column: this bounds the work on a record without an end.
                    if closed > len(self._names):
                        raise _Broken(f"more columns than the header has{self._hint(used)}")
                used += 1
                yield self._dialect.without_nulls(line)

        try:
            cells = next(csv.reader(feed(), strict=True, **self._dialect.parameters), [])
        except csv.Error as error:
            raise _Broken(self._why(str(error), used)) from error
        return cells, used

    def _refuse_rows(self, detector: RowDetector, line: str, used: int) -> None:
        if detector.like_rows(self.lines.peek(0), line, second=used == 1):
            raise _Broken(
                f"a quote opens here, and the text up to line {self.lines.number + used} looks like rows: "
                f"close it, or leave it out{self._hint(used)}"
            )

    def _why(self, error: str, used: int) -> str:
        if "limit" in error:
            return f"a column has more than {csv.field_size_limit():,} characters{self._hint(used)}"
        if "expected after" not in error:
            end = f"within {MOST_LINES} lines" if used >= MOST_LINES else "up to the end of the file"
            return f"a quote opens here and does not close {end}: close it, or leave it out{self._hint(used)}"
        where = "" if used == 1 else f" in line {self.lines.number + used - 1}"
        return (
            f"something follows a closing quote{where}: close the quote that opens here before a delimiter, "
            f"and write a quote inside a text twice{self._hint(used)}"
        )

    def _hint(self, used: int) -> str:
        """The advice for a list in which quotes seem to be escaped."""
        if self._mapping.escape or not any('\\"' in self.lines.peek(place) for place in range(used)):
            return ""
        return '; quotes are written as \\" here: if backslashes escape, add `escape: \\` to the mapping'


def _missing(name: str, names: list[str], mapping: ImportMapping) -> str:
    """The error text for a missing column, with the delimiter that the first line seems to have."""
    present = printable(", ".join(names))[:200] or "nothing"
    fix = "correct `columns` or `delimiter` in the mapping"
    [alone] = names if len(names) == 1 else [""]
    for delimiter, written in _DELIMITERS.items():
        if set(mapping.needed()) <= {comparable(part.strip(QUOTE)) for part in alone.split(delimiter)}:
            fix = f"write `delimiter: {written}` in the mapping"
    if any("\0" in other for other in names):
        fix = "it has null characters: if it is UTF-16, write `encoding: utf-16-le` in the mapping"
    return f"there is no column {printable(name)} in its first line (it has: {present}); {fix}"
