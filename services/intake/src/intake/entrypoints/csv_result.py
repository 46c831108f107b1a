"""What became of each row, as a CSV that a spreadsheet may open."""

import csv
import re
from dataclasses import dataclass
from typing import TextIO

# A spreadsheet computes a cell that begins so; one whose separator is another finds cells inside of ours.
_FORMULA = re.compile("(^|[;,|\t\r\n])(?=\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")


@dataclass(frozen=True)
class Ended:
    """How one row ended."""

    line: int
    row_id: str
    outcome: str
    report_id: str = ""
    reason: str = ""


def defused(text: str) -> str:
    """The text with an apostrophe before everything that a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return _FORMULA.sub(r"\1'", text)


class Results:
    """Writes a line for each row."""

    def __init__(self, target: TextIO) -> None:
        self._writer = csv.writer(target)
        self._writer.writerow(("line", "id", "outcome", "report_id", "reason"))

    def keep(self, ended: Ended) -> None:
        """Write how a row ended."""
        self._writer.writerow(
            (ended.line, defused(ended.row_id), ended.outcome, ended.report_id, defused(ended.reason))
        )
