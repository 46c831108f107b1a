"""The labels of categories and places, read from intake's seed files beside routing's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chassis.seed import load
from routing.domain.labels import Labels


def read_labels(folder: Path) -> Labels:
    """The labels in intake's files; none where a file does not exist, and codes are shown as words."""
    categories = _rows(folder.parent / "intake" / "categories.yaml", "categories")
    provinces = _rows(folder.parent / "intake" / "places.yaml", "provinces")
    neighbourhoods = [one for province in provinces for one in province.get("neighbourhoods", ())]
    places = [one for area in neighbourhoods for one in area.get("places", ())]
    return Labels(
        categories=dict(_labels(categories, "code")),
        examples={row["code"]: " ".join(row.get("examples", ())) for row in categories},
        places=dict(_labels(places, "id")),
        neighbourhoods=dict(_labels(neighbourhoods, "code")),
    )


def _rows(file: Path, name: str) -> list[dict[str, Any]]:
    return list(load(file).value[name]) if file.exists() else []


def _labels(rows: list[dict[str, Any]], key: str) -> Iterator[tuple[str, str]]:
    return ((row[key], row["label"]) for row in rows)
