"""Restoring: an archive into empty databases, and the events that the new topics must receive again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from chassis.outbox.sent import FORMER, unsent
from chassis.store.collections import FENCES, INBOX, LEASES, LOGINS, OUTBOX, REFUSED_FORMS, SESSIONS
from ops.backup.archive import Reader

TOGETHER_BYTES = 4_000_000
INDEX_WORDS = ("name", "unique", "expireAfterSeconds", "sparse", "partialFilterExpression")
_TIMES: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_LEFT_OUT = (FENCES, LEASES, SESSIONS, LOGINS, REFUSED_FORMS)
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

Client = MongoClient[dict[str, Any]]


class CannotRestore(Exception):
    """Nothing was restored, or not everything; the text says why and what to do."""


@dataclass(frozen=True)
class Restorer:
    """Writes into the databases with these names."""

    client: Client
    databases: Sequence[str]

    def make_room(self, replace: bool) -> None:
        """Return when the databases are empty; raises CannotRestore when they are in use, or not empty and not to be replaced."""
        self.refuse_running()
        full = [name for name in self.databases if self.client[name].list_collection_names()]
        if full and not replace:
            raise CannotRestore(
                f"{', '.join(full)} are not empty: restore into a new, initiated server, or use --replace to delete them"
            )
        for name in full:
            self.client.drop_database(name)

    def refuse_running(self) -> None:
        """Raise CannotRestore while a service uses one of the databases."""
        for name in self.databases:
            alive = list(self.client[name][LEASES].find({"$expr": {"$gt": ["$until", "$$NOW"]}}).limit(1))
            if alive:
                raise CannotRestore(f"{name} is running: stop all services first")

    def restore(self, archive: Reader, now: datetime) -> Mapping[str, int]:
        """Write every document and index; returns the number of documents per database.

        Fences and leases are left out: they belong to topics and processes that no longer exist. So are sessions: one that was ended
        after the time of the archive stays ended. Sent events are unsent again, for the new topics.
        """
        age = now - datetime.fromisoformat(archive.manifest.taken_at)
        restored = dict.fromkeys(self.databases, 0)
        for name in archive.manifest.members:
            database, _, collection = name.partition("/")
            if database not in restored:
                raise CannotRestore(f"the archive has a database {database} that belongs to no service")
            documents = archive.documents(name)
            if collection in _LEFT_OUT:
                documents = iter(())
            elif collection == INBOX:
                documents = _younger(documents, age)
            elif collection == OUTBOX:
                documents = _unsent(documents)
            restored[database] += self._write(database, collection, documents)
            # A former build's collections of sent events must not expire before `requeue_former`.
            if not collection.startswith(FORMER):
                self._index(database, collection, archive.indexes(name))
        return restored

    def _write(self, database: str, name: str, documents: Iterable[bytes]) -> int:
        target = self.client[database].get_collection(
            name, codec_options=_RAW, write_concern=WriteConcern("majority", j=True)
        )
        self.client[database].create_collection(name)
        count = 0
        for batch in _batches(documents):
            target.insert_many(batch)
            count += len(batch)
        return count

    def _index(self, database: str, name: str, indexes: Iterable[Mapping[str, Any]]) -> None:
        for index in indexes:
            if index["name"] != "_id_":
                options = {word: index[word] for word in INDEX_WORDS if word in index}
                self.client[database][name].create_index(list(index["key"].items()), **options)

    def requeue_former(self) -> int:
        """Copy what a former build sent back into the outboxes; returns how many events will be sent in all."""
        waiting = 0
        for name in self.databases:
            database = self.client[name].with_options(write_concern=WriteConcern("majority", j=True))
            for log in database.list_collection_names(filter={"name": {"$regex": f"^{FORMER}"}}):
                merge = {"into": OUTBOX, "whenMatched": "keepExisting", "whenNotMatched": "insert"}
                list(database[log].aggregate([{"$unset": "sent_at"}, {"$merge": merge}]))
            waiting += database[OUTBOX].count_documents({})
        return waiting

    def unknown(self, publisher: str, ids: Sequence[str]) -> set[str]:
        """The events that their publisher no longer has; call it after `requeue_former`."""
        if publisher not in self.databases:
            return set()
        known = self.client[publisher][OUTBOX].find({"_id": {"$in": list(ids)}}, {"_id": 1})
        return set(ids) - {row["_id"] for row in known}


def _younger(documents: Iterable[bytes], age: timedelta) -> Iterator[bytes]:
    """Receipts expire by their time: the time since the archive was made does not count."""
    for raw in documents:
        row = bson.decode(raw, _TIMES)
        yield bson.encode(row | {"at": row["at"] + age}, codec_options=_TIMES)


def _unsent(documents: Iterable[bytes]) -> Iterator[bytes]:
    """Before the rows are written: an old archive's would expire at once."""
    for raw in documents:
        yield bson.encode(unsent(bson.decode(raw, _TIMES)), codec_options=_TIMES)


def _batches(documents: Iterable[bytes]) -> Iterator[list[RawBSONDocument]]:
    batch: list[RawBSONDocument] = []
    size = 0
    for raw in documents:
        batch.append(RawBSONDocument(raw))
        size += len(raw)
        if size > TOGETHER_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
