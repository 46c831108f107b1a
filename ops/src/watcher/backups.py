"""A look at the backups: when the last one succeeded, as its `latest.json` says; the archives are never opened."""

import json
from pathlib import Path

from watcher.board import Sample

LATEST = "latest.json"


async def look(archives: Path | None) -> list[Sample]:
    """When the last backup succeeded; nothing where there never was one. Raises OSError, or ValueError for a broken file."""
    if archives is None or not (archives / LATEST).exists():
        return []
    at = float(json.loads((archives / LATEST).read_text())["at"])
    return [Sample("ascolto_backup_last_success_timestamp_seconds", at)]
