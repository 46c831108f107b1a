"""Data as text that is the same on every machine and reads well in a review."""

import json
from collections.abc import Iterable, Sequence
from typing import Any


def json_text(value: Any) -> str:
    """Indented JSON in the order it was given, letters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def json_rows(rows: Iterable[Any]) -> str:
    """A JSON list with one element on each line."""
    return "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
