"""Collects the time of the last successful backup from `latest.json`; the archives are never opened."""

import json
from pathlib import Path

from watcher.board import Sample

LATEST = "latest.json"


async def collect(archives: Path | None) -> list[Sample]:
    """The time of the last successful backup, or no sample if there is none. Raises OSError, or ValueError for a malformed file."""
    if archives is None or not (archives / LATEST).exists():
        return []
    at = float(json.loads((archives / LATEST).read_text())["at"])
    return [Sample("ascolto_backup_last_success_timestamp_seconds", at)]
