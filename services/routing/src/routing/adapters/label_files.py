"""The labels of categories and places, read from intake's seed files beside routing's own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chassis.seed import load, load_table
from routing.domain.labels import Labels


def read_labels(folder: Path) -> Labels:
    """The labels in intake's files; none where a file does not exist, and codes are shown as words."""
    categories = _rows(folder.parent / "intake" / "categories.yaml", "categories")
    places = _places(folder.parent / "intake" / "places.csv")
    return Labels(
        categories=dict(_labels(categories, "code")),
        keywords={row["code"]: " ".join(row.get("keywords", ())) for row in categories},
        places={row["id"]: row["label"] for row in places if row["kind"] != "flat"},
        neighbourhoods={row["code"]: row["label"] for row in places if row["kind"] == "neighbourhood"},
    )


def _rows(file: Path, name: str) -> list[dict[str, Any]]:
    return list(load(file).value[name]) if file.exists() else []


def _places(file: Path) -> list[Mapping[str, str]]:
    return [row.cells for row in load_table(file).rows] if file.exists() else []


def _labels(rows: list[dict[str, Any]], key: str) -> Iterator[tuple[str, str]]:
    return ((row[key], row["label"]) for row in rows)
