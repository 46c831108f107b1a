"""One-shot job: the replica set exists, and each service has a user on its own database and on no other.

It shares the network of mongod, because only there a server without users lets the first one be made.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

REPLICA_SET = "rs0"
ADMIN = "admin"
ADMIN_ROLES = ["userAdminAnyDatabase", "clusterAdmin"]
UNAUTHORIZED, AUTHENTICATION_FAILED, ALREADY_INITIALIZED, NO_SUCH_USER = 13, 18, 23, 11
WAIT_SECONDS = 60.0

Client = MongoClient[dict[str, Any]]


def connect(port: int, password: str | None = None) -> Client:
    """A client of this machine's mongod, as the administrator when a password is given."""
    credentials: dict[str, Any] = {}
    if password:
        credentials = {"username": ADMIN, "password": password, "authSource": "admin"}
    return MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=2000, **credentials)


def until(what: str, probe: Callable[[], bool]) -> None:
    """Returns when the probe says yes; raises SystemExit naming what never happened after a minute."""
    deadline, last = time.monotonic() + WAIT_SECONDS, ""
    while time.monotonic() < deadline:
        try:
            if probe():
                return
        except PyMongoError as error:
            last = f" ({type(error).__name__}: {error})"
        time.sleep(0.2)
    raise SystemExit(f"mongo: {what} did not happen in {WAIT_SECONDS:.0f} s{last}")


def is_primary(client: Client) -> bool:
    """Tells whether the member takes writes."""
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def knows_administrator(port: int, password: str) -> bool:
    """Tells whether the administrator can log in; a server without users says no."""
    with connect(port, password) as client:
        try:
            client.admin.command("ping")
        except OperationFailure as failure:
            if failure.code == AUTHENTICATION_FAILED:
                return False
            raise
        return True


def found(port: int, member: str, password: str) -> None:
    """Makes the replica set and its administrator on a server that has neither."""
    config = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": member}]}
    with connect(port) as client:
        try:
            client.admin.command("replSetInitiate", config)
        except OperationFailure as failure:
            if failure.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
                raise
        until("the election of a primary", lambda: is_primary(client))
        try:
            client.admin.command("createUser", ADMIN, pwd=password, roles=ADMIN_ROLES)
        except OperationFailure as failure:
            if failure.code == UNAUTHORIZED:
                raise SystemExit("mongo: the data know another mongo_admin: restore that file") from None
            raise


def grant(client: Client, uri: str) -> str:
    """Gives the user that a connection string names readWrite on its database only, and returns who has what."""
    parts = parse_uri(uri)
    user, password, database = parts["username"], parts["password"], parts["database"]
    rights = {"pwd": password, "roles": [{"role": "readWrite", "db": database}]}
    try:
        client[database].command("updateUser", user, **rights)
    except OperationFailure as failure:
        if failure.code != NO_SUCH_USER:
            raise
        client[database].command("createUser", user, **rights)
    return f"{user} → {database}"


def main() -> None:
    """Runs once at every start of the deployment and changes nothing that is already so."""
    parser = argparse.ArgumentParser(prog="initiate", description=__doc__)
    parser.add_argument(
        "services", nargs="+", help="whose connection strings are in <secrets>/<service>_mongo"
    )
    parser.add_argument(
        "--member", required=True, help="the address by which everybody reaches mongod, host:port"
    )
    parser.add_argument("--secrets", type=Path, default=Path("/run/secrets"))
    asked = parser.parse_args()
    port = int(asked.member.rpartition(":")[2])
    password = (asked.secrets / "mongo_admin").read_text().strip()
    with connect(port) as client:
        until("the start of mongod", lambda: bool(client.admin.command("hello")))
    if not knows_administrator(port, password):
        found(port, asked.member, password)
    with connect(port, password) as client:
        until("the election of a primary", lambda: is_primary(client))
        uris = [(asked.secrets / f"{service}_mongo").read_text().strip() for service in asked.services]
        granted = [grant(client, uri) for uri in uris]
    sys.stdout.write(f"mongo: {REPLICA_SET} is up at {asked.member}; readWrite for {', '.join(granted)}\n")


if __name__ == "__main__":
    main()
