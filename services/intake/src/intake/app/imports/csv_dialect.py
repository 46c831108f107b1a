"""The CSV dialect of a list (delimiter, quote, escape), and the detection of rows inside an open quote."""

import re
from collections.abc import Container
from typing import Any

from intake.domain.import_dates import read_moment
from intake.domain.import_mapping import ImportMapping

QUOTE = '"'
MOST_LINES = 500


class Dialect:
    """The delimiter and the escape of a mapping, as parameters of the csv module and as patterns."""

    def __init__(self, mapping: ImportMapping) -> None:
        self.delimiter = mapping.delimiter
        self.parameters: dict[str, Any] = {"delimiter": mapping.delimiter, "escapechar": mapping.escape}
        self._escapes = mapping.escape is not None
        sign, escape = re.escape(self.delimiter), re.escape(mapping.escape or "")
        escaped, other = (f"|{escape}.", escape) if self._escapes else ("", "")
        self.inside = f'(?:[^"{other}]|""{escaped})*+'
        self.quoted = f'"{self.inside}"'
        self.plain = f'(?:[^"{other}{sign}\r\n]{escaped})*+'
        self._null = re.compile(rf"(^|{sign})\\N(?=[{sign}\r\n]|$)")

    def compiled(self, pattern: str) -> re.Pattern[str]:
        """A compiled pattern in which a point matches line breaks too."""
        return re.compile(pattern, re.DOTALL)

    def without_nulls(self, line: str) -> str:
        r"""The line without the \N that databases write for NULL, in a dialect with backslash escapes."""
        return self._null.sub(r"\1", line) if self._escapes else line


class RowDetector:
    """Detects rows inside a record of several lines, by the number of columns and the column of the date."""

    def __init__(self, dialect: Dialect, columns: int, date: int, mapping: ImportMapping) -> None:
        self._delimiter, self._columns, self._date, self._mapping = dialect.delimiter, columns, date, mapping
        sign = re.escape(dialect.delimiter)
        column = f"(?:{dialect.quoted}|{dialect.plain})"
        self._row = dialect.compiled(f"{column}(?:{sign}{column}){{{columns - 1}}}[\r\n]*")
        self._sentence = dialect.compiled(f"[^{sign}]*(?:{sign}[ \r\n][^{sign}]*)*")
        self._before_open = dialect.compiled(f'(?:(?:{dialect.quoted}|(?!")[^{sign}\r\n]*+){sign})*+(?=")')
        self._until_close = dialect.compiled(dialect.inside)

    def like_rows(self, first: str, line: str, *, second: bool) -> bool:
        """Whether a later line of a record looks like a row, or, with the second line, the first one does."""
        if self._columns < 2:
            return True
        if second and self._dated(first, self._opened(first)):
            return True
        if line.count(self._delimiter) < self._columns - 1:
            return False
        if self._row.fullmatch(line) and not self._sentence.fullmatch(line):
            return True
        return self._dated(line, self._inside(line))

    def closes(self, line: str) -> bool:
        """Whether a quoted column that is open at the start of the line ends in it."""
        found = self._until_close.match(line)
        return found is not None and found.end() < len(line)

    def _inside(self, line: str) -> Container[int]:
        """The columns of a line before its closing quote."""
        found = self._until_close.match(line)
        end = found.end() if found else 0
        return range(line[:end].count(self._delimiter) + (end == len(line)))

    def _opened(self, first: str) -> Container[int]:
        """The columns of the first line after its opening quote."""
        found = self._before_open.match(first)
        return range(first[: found.end()].count(self._delimiter) + 1, self._columns) if found else range(0)

    def _dated(self, line: str, columns: Container[int]) -> bool:
        cells = line.rstrip("\r\n").split(self._delimiter)
        if len(cells) != self._columns or self._date not in columns:
            return False
        date = cells[self._date].strip().strip(QUOTE)
        return read_moment(date, self._mapping.dates, self._mapping.timezone) is not None
