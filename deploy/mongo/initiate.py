"""One-shot job: the replica set exists, and every user of the permissions table has its one role and no other.

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

from contracts.permissions import ADMIN, MONGO, Role

REPLICA_SET = "rs0"
UNAUTHORIZED, AUTHENTICATION_FAILED, ALREADY_INITIALIZED, NO_SUCH_USER, NO_SUCH_ROLE = 13, 18, 23, 11, 31
WAIT_SECONDS = 60.0

Client = MongoClient[dict[str, Any]]


def connect(port: int, ca: str, password: str | None = None) -> Client:
    """A client of this machine's mongod, as the administrator when a password is given, over TLS when a CA is."""
    options: dict[str, Any] = {"tls": True, "tlsCAFile": ca} if ca else {}
    if password:
        options |= {"username": ADMIN, "password": password, "authSource": MONGO[ADMIN].database}
    return MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=2000, **options)


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


def knows_administrator(port: int, ca: str, password: str) -> bool:
    """Tells whether the administrator can log in; a server without users says no."""
    with connect(port, ca, password) as client:
        try:
            client.admin.command("ping")
        except OperationFailure as failure:
            if failure.code == AUTHENTICATION_FAILED:
                return False
            raise
        return True


def found(port: int, ca: str, member: str, password: str) -> None:
    """Makes the replica set and its administrator on a server that has neither."""
    config = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": member}]}
    with connect(port, ca) as client:
        try:
            client.admin.command("replSetInitiate", config)
        except OperationFailure as failure:
            if failure.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
                raise
        until("the election of a primary", lambda: is_primary(client))
        try:
            client.admin.command("createUser", ADMIN, pwd=password, roles=[MONGO[ADMIN].name])
        except OperationFailure as failure:
            if failure.code == UNAUTHORIZED:
                raise SystemExit("mongo: the data know another mongo_admin: restore that file") from None
            raise


def move(client: Client, member: str) -> None:
    """Corrects the set when everybody reaches its member by another address now."""
    config = client.admin.command("replSetGetConfig")["config"]
    if config["members"][0]["host"] != member:
        config["members"][0]["host"] = member
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def define(client: Client, role: Role) -> None:
    """Makes a role that is not built in, with exactly the actions of the table."""
    everywhere: tuple[dict[str, Any], ...] = ({"cluster": True},)
    privileges = [
        {"resource": place, "actions": [action]}
        for action, databases in role.actions
        for place in ([{"db": name, "collection": ""} for name in databases] or everywhere)
    ]
    rights: dict[str, Any] = {"privileges": privileges, "roles": []}
    try:
        client[role.database].command("updateRole", role.name, **rights)
    except OperationFailure as failure:
        if failure.code != NO_SUCH_ROLE:
            raise
        client[role.database].command("createRole", role.name, **rights)


def grant(client: Client, user: str, uri: str) -> str:
    """Gives a user the password of its connection string and the role of the table, and returns who has what."""
    role, parts = MONGO[user], parse_uri(uri)
    if (parts["username"], parts["options"].get("authSource")) != (user, role.database):
        raise SystemExit(
            f"mongo: {user}_mongo is no connection string of {user} with authSource={role.database}"
        )
    if role.actions:
        define(client, role)
    rights = {"pwd": parts["password"], "roles": [role.name]}
    try:
        client[role.database].command("updateUser", user, **rights)
    except OperationFailure as failure:
        if failure.code != NO_SUCH_USER:
            raise
        client[role.database].command("createUser", user, **rights)
    return f"{user} {role.name}"


def main() -> None:
    """Runs once at every start of the deployment and changes nothing that is already so."""
    parser = argparse.ArgumentParser(prog="initiate", description=__doc__)
    parser.add_argument(
        "--member", required=True, help="the address by which everybody reaches mongod, host:port"
    )
    parser.add_argument(
        "--secrets", type=Path, default=Path("/run/secrets"), help="has mongo_admin, <user>_mongo"
    )
    parser.add_argument(
        "--ca", default="", help="PEM file of the certificate to trust, where mongod speaks TLS"
    )
    asked = parser.parse_args()
    port = int(asked.member.rpartition(":")[2])
    password = (asked.secrets / "mongo_admin").read_text().strip()
    with connect(port, asked.ca) as client:
        until("the start of mongod", lambda: bool(client.admin.command("hello")))
    if not knows_administrator(port, asked.ca, password):
        found(port, asked.ca, asked.member, password)
    with connect(port, asked.ca, password) as client:
        move(client, asked.member)
        until("the election of a primary", lambda: is_primary(client))
        uris = {
            user: (asked.secrets / f"{user}_mongo").read_text().strip() for user in MONGO if user != ADMIN
        }
        granted = [grant(client, user, uri) for user, uri in uris.items()]
    sys.stdout.write(f"mongo: {REPLICA_SET} is up at {asked.member}; {', '.join(granted)}\n")


if __name__ == "__main__":
    main()
