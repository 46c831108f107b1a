"""Saving: all databases of the services as of one cluster time, while the services run."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import json_util
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo import MongoClient
from pymongo.command_cursor import CommandCursor
from pymongo.database import Database
from pymongo.errors import OperationFailure

from ops.backup.archive import PART, Manifest, sync_folder, written

LATEST = "latest.json"
NAME, TIME = re.compile(r"ascolto-(\d{8}T\d{6}Z)\.backup"), "%Y%m%dT%H%M%SZ"
ATTEMPTS = 3
PART_SECONDS = 86_400
# The snapshot is too old for the server; collections or indexes were created since then (before MongoDB 7).
TOO_OLD, CATALOG_CHANGED = 239, 246
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

Client = MongoClient[dict[str, Any]]


class CannotSave(Exception):
    """No archive was written; the text says why and what to do."""


@dataclass(frozen=True)
class Saver:
    """Reads the databases with these names."""

    client: Client
    databases: Sequence[str]

    def save(self, folder: Path, now: datetime, key: Path | None) -> tuple[Path, Manifest]:
        """Write one archive and return it; raises CannotSave when there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"ascolto-{now:{TIME}}.backup"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return path, self._save(path, now, key)
            except OperationFailure as failure:
                if failure.code == TOO_OLD:
                    raise CannotSave(_TOO_LONG) from failure
                if failure.code != CATALOG_CHANGED or attempt == ATTEMPTS:
                    raise CannotSave(f"the server reports: {failure}") from failure
                time.sleep(attempt)
        raise AssertionError

    def _save(self, path: Path, now: datetime, key: Path | None) -> Manifest:
        at = self._moment()
        manifest = Manifest(
            now.isoformat(timespec="seconds"), (at.time, at.inc), self.client.server_info()["version"]
        )
        with written(path, key) as archive:
            for database, collection in self._names():
                name = f"{database}/{collection}"
                documents = self._documents(database, collection, at)
                manifest.members[name] = archive.collection(
                    name, self._indexes(database, collection), documents
                )
            archive.manifest(manifest)
        return manifest

    def _names(self) -> list[tuple[str, str]]:
        where = {"type": "collection", "name": {"$not": {"$regex": "^system[.]"}}}
        return [
            (database, name)
            for database in self.databases
            for name in sorted(self.client[database].list_collection_names(filter=where))
        ]

    def _moment(self) -> Timestamp:
        """The cluster time of the snapshot: that of a first read."""
        for database, name in self._names():
            asked = {"find": name, "limit": 1, "readConcern": {"level": "snapshot"}}
            found: Timestamp = self.client[database].command(asked)["cursor"]["atClusterTime"]
            return found
        raise CannotSave("there is nothing to save: no service was ever started here")

    def _documents(self, database: str, name: str, at: Timestamp) -> Iterator[tuple[bytes, int]]:
        asked = {"find": name, "readConcern": {"level": "snapshot", "atClusterTime": at}}
        source: Database[RawBSONDocument] = self.client.get_database(database, codec_options=_RAW)  # type: ignore[assignment]
        found: CommandCursor[RawBSONDocument] = source.cursor_command(asked, codec_options=_RAW)
        for row in found:
            yield bytes(row.raw), row.get("schema", 1)

    def _indexes(self, database: str, name: str) -> str:
        found = [dict(index) for index in self.client[database][name].list_indexes()]
        described = {"indexes": found, "collectionName": name, "type": "collection", "options": {}}
        return json_util.dumps(described)


_TOO_LONG = (
    "reading took longer than the server keeps a snapshot: set minSnapshotHistoryWindowInSeconds (300 s by default) "
    "of mongod to more than a backup takes, and run it again"
)


def write_latest(path: Path, manifest: Manifest, now: datetime) -> None:
    """Write the record of the last successful backup beside the archive, for monitoring."""
    known: Mapping[str, Any] = {
        "file": path.name,
        "at": now.timestamp(),
        "taken_at": manifest.taken_at,
        "documents": manifest.documents,
        "bytes": path.stat().st_size,
    }
    staged = path.with_name(LATEST + PART)
    staged.write_text(json.dumps(known) + "\n")
    staged.rename(path.with_name(LATEST))
    sync_folder(path.parent)


def forget(folder: Path, kept: timedelta, now: datetime) -> list[str]:
    """Delete archives older than `kept`, and partial files of a killed run; returns their names."""
    named = [(path, NAME.fullmatch(path.name)) for path in folder.iterdir()]
    old = [path for path, name in named if name and now - _time(name[1]) > kept]
    old += [path for path in folder.glob(f"*{PART}") if now.timestamp() - path.stat().st_mtime > PART_SECONDS]
    for path in old:
        path.unlink()
    return sorted(path.name for path in old)


def _time(word: str) -> datetime:
    return datetime.strptime(word, TIME).replace(tzinfo=UTC)
