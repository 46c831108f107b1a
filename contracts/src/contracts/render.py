"""Deterministic text output: JSON and Markdown tables."""

import json
from collections.abc import Iterable, Sequence
from typing import Any


def json_text(value: Any) -> str:
    """Indented JSON in the given order, without ASCII escapes."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def json_rows(rows: Iterable[Any]) -> str:
    """A JSON array with one element per line."""
    return "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
