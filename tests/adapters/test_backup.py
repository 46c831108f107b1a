"""Saving and restoring on a real mongod: one moment of all databases, and nothing written where something is."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from ops.backup.archive import Reader, opened
from ops.backup.restore import CannotRestore, Restorer
from ops.backup.save import CannotSave, Client, Saver
from stack.system import System

pytestmark = pytest.mark.engines

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
UNITS, ACCOUNTS = 1000, 40


@dataclass
class Bench:
    """Two databases of one test, as the administrator and as the user of backups see them."""

    admin: Client
    reader: Client
    folder: Path
    names: tuple[str, str]

    def save(self, saver: type[Saver] = Saver) -> Path:
        path, _ = saver(self.reader, self.names).save(self.folder, NOW, None)
        return path


@pytest.fixture
def bench(engines: System, tmp_path: Path) -> Iterator[Bench]:
    mark = uuid.uuid4().hex[:8]
    admin: Client = MongoClient(engines.mongod.admin, tz_aware=True)
    reader: Client = MongoClient(engines.mongod.as_user("backup"))
    made = Bench(admin, reader, tmp_path, (f"one-{mark}", f"two-{mark}"))
    with admin, reader:
        yield made
        for name in made.names:
            admin.drop_database(name)


def rows(archive: Reader, name: str) -> list[dict[str, Any]]:
    return [bson.decode(raw) for raw in archive.documents(name)]


def total(archive: Reader, names: tuple[str, str]) -> int:
    return sum(row["units"] for name in names for row in rows(archive, f"{name}/accounts"))


def move_for_ever(bench: Bench, stop: threading.Event, moved: threading.Event) -> None:
    """Move units from one database to the other and back, each time in one transaction."""
    one, two = (bench.admin[name]["accounts"] for name in bench.names)
    number = 0
    with bench.admin.start_session() as session:
        while not stop.is_set():
            number += 1
            source, target = (one, two) if number % 3 else (two, one)
            with session.start_transaction():
                source.update_one({"_id": number % ACCOUNTS}, {"$inc": {"units": -1}}, session=session)
                target.update_one({"_id": number * 7 % ACCOUNTS}, {"$inc": {"units": 1}}, session=session)
            moved.set()


@dataclass(frozen=True)
class Slowly(Saver):
    """Lets much happen between two collections."""

    moved: threading.Event = field(default_factory=threading.Event)

    def _indexes(self, database: str, name: str) -> str:
        for _ in range(5):
            self.moved.clear()
            self.moved.wait(10)
        return super()._indexes(database, name)


def test_what_moves_between_databases_meanwhile_is_in_the_archive_once(bench: Bench) -> None:
    for name in bench.names:
        bench.admin[name]["accounts"].insert_many([{"_id": n, "units": UNITS} for n in range(ACCOUNTS)])
    stop, moved = threading.Event(), threading.Event()
    moving = threading.Thread(target=move_for_ever, args=(bench, stop, moved))
    moving.start()
    try:
        path, _ = Slowly(bench.reader, bench.names, moved).save(bench.folder, NOW, None)
    finally:
        stop.set()
        moving.join()

    with opened(path, None) as archive:
        assert total(archive, bench.names) == 2 * UNITS * ACCOUNTS
        sums = [sum(row["units"] for row in rows(archive, f"{name}/accounts")) for name in bench.names]
    assert sums != [UNITS * ACCOUNTS] * 2, "nothing moved before the moment"


@dataclass(frozen=True)
class Disturbed(Saver):
    """A collection and an index are made after the first moment was taken."""

    admin: list[Client] = field(default_factory=list)

    def _names(self) -> list[tuple[str, str]]:
        if len(self.admin) == 2:
            (self.admin.pop())[self.databases[0]]["later"].create_index("at")
        elif self.admin:
            self.admin.append(self.admin[0])
        return super()._names()


def test_a_collection_that_is_made_meanwhile_spoils_nothing(bench: Bench) -> None:
    bench.admin[bench.names[0]]["things"].insert_one({"_id": 1})

    path, _ = Disturbed(bench.reader, bench.names, [bench.admin]).save(bench.folder, NOW, None)

    with opened(path, None) as archive:
        assert set(archive.verify().members) >= {f"{bench.names[0]}/things"}


def test_there_is_no_archive_of_nothing(bench: Bench) -> None:
    with pytest.raises(CannotSave, match="nothing to save"):
        bench.save()
    assert list(bench.folder.iterdir()) == []


def furnish(bench: Bench) -> None:
    database = bench.admin[bench.names[0]]
    database["things"].insert_many([{"_id": n, "state": {"at": NOW}} for n in range(3000)])
    database["things"].create_index([("state.at", 1), ("_id", -1)], unique=True)
    database["inbox"].create_index("at", expireAfterSeconds=86_400)
    database["inbox"].insert_one({"_id": "seen", "at": NOW - timedelta(hours=2)})
    database["fences"].insert_one({"_id": "group|topic|1", "next": 7})
    database["leases"].insert_one({"_id": "slot/000", "holder": "one"})
    database["sessions"].insert_one({"_id": "5e" * 32, "version": 1, "state": {"roles": ["ops"]}})
    database["logins"].insert_one({"_id": "7a" * 32, "ends": NOW})
    database["outbox"].insert_one({"_id": "waiting", "stamp": 2, "slot": 3})
    database["outbox"].insert_one(
        {"_id": "sent", "stamp": 1, "sent_at": NOW, "sent_slot": 4, "payload": b"{}"}
    )
    database["outbox"].create_index("sent_at", expireAfterSeconds=86_400)
    for day in ("20261126", "20261127"):
        database[f"outbox_log_{day}"].insert_one({"_id": f"sent {day}", "stamp": 1, "sent_at": NOW})


def test_an_archive_comes_back_into_empty_databases_with_its_indexes(bench: Bench) -> None:
    furnish(bench)
    path, database = bench.save(), bench.admin[bench.names[0]]
    before = {name: sorted(database[name].index_information()) for name in database.list_collection_names()}
    things = list(database["things"].find())
    restorer = Restorer(bench.admin, bench.names)

    with opened(path, None) as archive:
        restorer.make_room(replace=True)
        restorer.restore(archive, NOW + timedelta(days=10))

    after = {name: sorted(database[name].index_information()) for name in database.list_collection_names()}
    assert after == before
    assert list(database["things"].find()) == things
    assert database["things"].index_information()["state.at_1__id_-1"]["unique"]
    assert database["inbox"].index_information()["at_1"]["expireAfterSeconds"] == 86_400
    assert [row["at"] for row in database["inbox"].find()] == [NOW + timedelta(days=10, hours=-2)]
    assert list(database["outbox"].find({}, sort=[("stamp", 1)])) == [
        {"slot": 4, "_id": "sent", "stamp": 1, "payload": b"{}"}, {"_id": "waiting", "stamp": 2, "slot": 3},
    ]  # fmt: skip
    left_out = ("fences", "leases", "sessions", "logins")
    assert [database[name].count_documents({}) for name in left_out] == [0, 0, 0, 0]


def test_what_the_former_build_sent_waits_to_be_sent_again_and_its_log_stays(bench: Bench) -> None:
    furnish(bench)
    restorer, database = Restorer(bench.admin, bench.names), bench.admin[bench.names[0]]

    assert restorer.requeue_former() == 4 == restorer.requeue_former()

    assert sorted(row["_id"] for row in database["outbox"].find({"sent_at": None})) == [
        "sent 20261126", "sent 20261127", "waiting",
    ]  # fmt: skip
    assert database["outbox_log_20261127"].count_documents({"sent_at": NOW}) == 1
    known = ["sent 20261126", "waiting"]
    assert restorer.unknown(bench.names[0], [*known, "nobody's"]) == {"nobody's"}


def test_what_is_there_is_replaced_only_when_that_is_said(bench: Bench) -> None:
    furnish(bench)

    with pytest.raises(CannotRestore, match=bench.names[0]):
        Restorer(bench.admin, bench.names).make_room(replace=False)

    assert bench.admin[bench.names[0]]["things"].count_documents({}) == 3000


def test_a_running_service_is_not_written_under(bench: Bench) -> None:
    soon = datetime(2100, 1, 1, tzinfo=UTC)
    bench.admin[bench.names[1]]["leases"].insert_one({"_id": "member/one", "until": soon})

    with pytest.raises(CannotRestore, match="stop all services"):
        Restorer(bench.admin, bench.names).make_room(replace=True)

    assert bench.admin[bench.names[1]]["leases"].count_documents({}) == 1


def test_a_database_that_no_service_keeps_is_not_restored(bench: Bench) -> None:
    furnish(bench)
    path = bench.save()

    with opened(path, None) as archive, pytest.raises(CannotRestore, match=bench.names[0]):
        Restorer(bench.admin, bench.names[1:]).restore(archive, NOW)
