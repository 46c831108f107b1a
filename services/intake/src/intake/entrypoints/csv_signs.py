"""The signs of a list (delimiter, quote, escape), and how a line looks that is a row although a quote is open."""

import re
from collections.abc import Container
from typing import Any

from intake.domain.import_dates import read_moment
from intake.domain.imports import ImportMapping

QUOTE = '"'
MOST_LINES = 500


class Signs:
    """What the delimiter and the escape of a mapping make of a line."""

    def __init__(self, mapping: ImportMapping) -> None:
        self.delimiter = mapping.delimiter
        self.dialect: dict[str, Any] = {"delimiter": mapping.delimiter, "escapechar": mapping.escape}
        self._escapes = mapping.escape is not None
        sign, escape = re.escape(self.delimiter), re.escape(mapping.escape or "")
        escaped, other = (f"|{escape}.", escape) if self._escapes else ("", "")
        self.inside = f'(?:[^"{other}]|""{escaped})*+'
        self.quoted = f'"{self.inside}"'
        self.plain = f'(?:[^"{other}{sign}\r\n]{escaped})*+'
        self._null = re.compile(rf"(^|{sign})\\N(?=[{sign}\r\n]|$)")

    def compiled(self, pattern: str) -> re.Pattern[str]:
        """A pattern of these signs; a point is any character."""
        return re.compile(pattern, re.DOTALL)

    def without_nulls(self, line: str) -> str:
        r"""The line without the \N that databases write for what is not there, where backslashes escape."""
        return self._null.sub(r"\1", line) if self._escapes else line


class Look:
    """Tells whether lines of one record look like rows of a list with so many columns and a date in one of them."""

    def __init__(self, signs: Signs, columns: int, date: int, mapping: ImportMapping) -> None:
        self._delimiter, self._columns, self._date, self._mapping = signs.delimiter, columns, date, mapping
        sign = re.escape(signs.delimiter)
        column = f"(?:{signs.quoted}|{signs.plain})"
        self._row = signs.compiled(f"{column}(?:{sign}{column}){{{columns - 1}}}[\r\n]*")
        self._sentence = signs.compiled(f"[^{sign}]*(?:{sign}[ \r\n][^{sign}]*)*")
        self._before_open = signs.compiled(f'(?:(?:{signs.quoted}|(?!")[^{sign}\r\n]*+){sign})*+(?=")')
        self._until_close = signs.compiled(signs.inside)

    def like_rows(self, first: str, line: str, *, second: bool) -> bool:
        """Whether a line below the first one of a record looks like a row, or, with the second, the first one does."""
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
        """Tells whether a text that is open where the line begins ends in it."""
        found = self._until_close.match(line)
        return found is not None and found.end() < len(line)

    def _inside(self, line: str) -> Container[int]:
        """Those columns of a line which lie before the quote that closes."""
        found = self._until_close.match(line)
        end = found.end() if found else 0
        return range(line[:end].count(self._delimiter) + (end == len(line)))

    def _opened(self, first: str) -> Container[int]:
        """Those columns of the first line which lie behind the quote that opens."""
        found = self._before_open.match(first)
        return range(first[: found.end()].count(self._delimiter) + 1, self._columns) if found else range(0)

    def _dated(self, line: str, columns: Container[int]) -> bool:
        cells = line.rstrip("\r\n").split(self._delimiter)
        if len(cells) != self._columns or self._date not in columns:
            return False
        said = cells[self._date].strip().strip(QUOTE)
        return read_moment(said, self._mapping.dates, self._mapping.timezone) is not None
