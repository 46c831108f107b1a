"""The result file of an import: a CSV that is safe to open in a spreadsheet."""

import csv
import re
from dataclasses import dataclass
from typing import TextIO

# A spreadsheet evaluates a cell with such a start; with another separator it finds cells inside a cell.
_FORMULA = re.compile("(^|[;,|\t\r\n])(?=\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")


@dataclass(frozen=True)
class RowResult:
    """The outcome of one row."""

    line: int
    row_id: str
    outcome: str
    report_id: str = ""
    reason: str = ""


def defused(text: str) -> str:
    """The text with an apostrophe before everything that a spreadsheet would evaluate (OWASP, CSV injection)."""
    return _FORMULA.sub(r"\1'", text)


class ResultWriter:
    """Writes one line for each row."""

    def __init__(self, target: TextIO) -> None:
        self._writer = csv.writer(target)
        self._writer.writerow(("line", "id", "outcome", "report_id", "reason"))

    def write(self, result: RowResult) -> None:
        """Write the outcome of a row."""
        self._writer.writerow(
            (result.line, defused(result.row_id), result.outcome, result.report_id, defused(result.reason))
        )
