"""The command line of backups: `save`, `verify` and `restore` an archive."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chassis.clock import utc_now
from chassis.fields import days_word
from contracts.connection import Connection, mongo_address
from contracts.permissions import ADMIN, BACKUP, KAFKA_USERS, MONGO, SERVICES
from ops.backup.archive import Manifest, opened
from ops.backup.archive_encryption import Damaged
from ops.backup.restore import CannotRestore, Restorer
from ops.backup.save import CannotSave, Client, Saver, forget, write_latest
from ops.backup.topics import Lost, recreate_topics, write_lost

MOST_SHOWN = 20


def main(words: Sequence[str]) -> int:
    """Run one verb; an error is one sentence and exit status 1."""
    asked = _parse(words)
    verbs = {"save": _save, "verify": _verify, "restore": _restore}
    try:
        verbs[asked.verb](asked)
    except (CannotSave, CannotRestore, Damaged, OSError, PyMongoError, KafkaException) as error:
        print(f"{asked.verb}: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.backup", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    save = verbs.add_parser("save", help="write a new archive of all databases, while everything runs")
    save.add_argument("folder", type=Path, help="where archives are kept")
    save.add_argument("--keep-days", type=days_word, default="0", help="remove older archives; 0 keeps all")
    verify = verbs.add_parser("verify", help="read an archive and compare it with its manifest")
    restore = verbs.add_parser(
        "restore", help="write an archive into an empty server, and create the topics again"
    )
    restore.add_argument("--kafka", required=True, help="the address of Kafka")
    restore.add_argument("--replace", action="store_true", help="drop the present databases")
    for one in (verify, restore):
        one.add_argument("file", type=Path, help="the archive")
    for one in (save, restore):
        one.add_argument(
            "--members", required=one is restore, help="addresses of mongod: host:port[,host:port]"
        )
        one.add_argument("--secrets", type=Path, nargs="+", default=[Path("/run/secrets")])
        one.add_argument(
            "--ca", default=os.environ.get("ASCOLTO_CA", ""), help="certificate to trust over TLS"
        )
    for one in (save, verify, restore):
        one.add_argument("--key", type=Path, help="file with the key of encrypted archives")
    return parser.parse_args(words)


def _secret(asked: argparse.Namespace, name: str) -> str:
    """A secret by its file name, from the first folder that has it."""
    for folder in asked.secrets:
        if (folder / name).is_file():
            return str((folder / name).read_text().strip())
    raise CannotRestore(f"{name} is missing in {', '.join(map(str, asked.secrets))}")


def _options(ca: str) -> dict[str, Any]:
    """Connection options for MongoDB: timeout, and TLS when there is a certificate to trust."""
    return {"serverSelectionTimeoutMS": 10_000} | ({"tls": True, "tlsCAFile": ca} if ca else {})


def _save(asked: argparse.Namespace) -> None:
    began = utc_now()
    address = mongo_address(_secret(asked, f"{BACKUP}_mongo"), asked.members or "", asked.ca)
    client: Client = MongoClient(address, serverSelectionTimeoutMS=10_000)
    with client:
        path, manifest = Saver(client, SERVICES).save(asked.folder, began, asked.key)
    with opened(path, asked.key) as archive:
        archive.verify()
    now = utc_now()
    write_latest(path, manifest, now)
    print(_described(path, manifest), f"saved and verified in {(now - began).total_seconds():.1f} s")
    if asked.keep_days:
        for name in forget(asked.folder, asked.keep_days, now):
            print(f"removed {name}, which is older than {asked.keep_days.days} days")


def _described(path: Path, manifest: Manifest) -> str:
    return (
        f"{path}: {manifest.documents} documents of {len(manifest.members)} collections as of {manifest.taken_at}, "
        f"{path.stat().st_size / 1e6:.1f} MB;"
    )


def _verify(asked: argparse.Namespace) -> None:
    with opened(asked.file, asked.key) as archive:
        manifest = archive.verify()
    print(_described(asked.file, manifest), "every checksum and count is right")


def _restore(asked: argparse.Namespace) -> None:
    now, database = utc_now(), MONGO[ADMIN].database
    login: dict[str, Any] = {
        "username": ADMIN,
        "password": _secret(asked, "mongo_admin"),
        "authSource": database,
    }
    address = f"mongodb://{asked.members}/?replicaSet=rs0"
    passwords = {user: _secret(asked, f"{user}_kafka_password") for user in KAFKA_USERS}
    kafka = Connection(asked.kafka, ADMIN, passwords[ADMIN], asked.ca)
    with (
        opened(asked.file, asked.key) as archive,
        MongoClient(address, **login, **_options(asked.ca)) as client,
    ):
        manifest = archive.verify()
        restorer = Restorer(client, SERVICES)
        restorer.make_room(asked.replace)
        for name, count in restorer.restore(archive, now).items():
            print(f"{name}: {count} documents restored")
        waiting = restorer.requeue_former()
        lost_file = asked.file.with_name(f"{asked.file.name}.lost-{now:%Y%m%dT%H%M%SZ}.jsonl")
        moment = datetime.fromisoformat(manifest.taken_at)
        _print_lost(write_lost(kafka, restorer.unknown, moment, lost_file), lost_file)
        topics = recreate_topics(kafka, passwords)
        restorer.refuse_running()
    print(f"{topics} topics made anew; {waiting} facts go out when the services start")


def _print_lost(lost: Lost, file: Path) -> None:
    if not lost.types:
        print("nothing was on the topics that the databases do not know")
        return
    counted = ", ".join(f"{name} {count}" for name, count in sorted(lost.types.items()))
    print(f"lost after the moment of the archive: {counted}; all of them are in {file}")
    for name, subject in lost.begun[:MOST_SHOWN]:
        print(f"  lost from its beginning ({name}): {subject}")
    if len(lost.begun) > MOST_SHOWN:
        print(f"  … and {len(lost.begun) - MOST_SHOWN} more, in the file")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
