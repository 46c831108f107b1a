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
COPY_SECONDS = 3600.0

Client = MongoClient[dict[str, Any]]


def connect(address: str, ca: str, password: str | None = None, **how: Any) -> Client:
    """A client of one mongod, as the administrator when a password is given, over TLS when a CA is."""
    options = {"directConnection": True, "serverSelectionTimeoutMS": 2000} | how
    if ca:
        options |= {"tls": True, "tlsCAFile": ca}
    if password:
        options |= {"username": ADMIN, "password": password, "authSource": MONGO[ADMIN].database}
    return MongoClient(address, **options)


def until(what: str, probe: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Returns when the probe says yes; raises SystemExit naming what never happened in time."""
    deadline, last = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        try:
            if probe():
                return
        except PyMongoError as error:
            last = f" ({type(error).__name__}: {error})"
        time.sleep(0.2)
    raise SystemExit(f"mongo: {what} did not happen in {seconds:.0f} s{last}")


def is_primary(client: Client) -> bool:
    """Tells whether the member takes writes."""
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def knows_administrator(address: str, ca: str, password: str) -> bool:
    """Tells whether the administrator can log in; a server without users says no."""
    with connect(address, ca, password) as client:
        try:
            client.admin.command("ping")
        except OperationFailure as failure:
            if failure.code == AUTHENTICATION_FAILED:
                return False
            raise
        return True


def is_founded(members: list[str], ca: str, password: str) -> bool:
    """Tells whether one of the members knows the administrator; all of them must have answered before it says no."""
    found: dict[str, bool] = {}

    def check(member: str) -> bool:
        found[member] = knows_administrator(member, ca, password)
        return True

    for member in members:
        until(f"an answer of {member}", lambda member=member: check(member))  # type: ignore[misc]
        if found[member]:
            return True
    return False


def found(here: str, ca: str, member: str, password: str) -> None:
    """Makes a replica set of one and its administrator on a server that has neither."""
    config = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": member}]}
    with connect(here, ca) as client:
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
    """Corrects a set of one when everybody reaches its member by another address now."""
    config = client.admin.command("replSetGetConfig")["config"]
    if len(config["members"]) == 1 and config["members"][0]["host"] != member:
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


def join(client: Client, member: str) -> None:
    """Takes a member into the set: it gets a vote when it has all the data, so that writes never wait for it."""

    def change(**entry: Any) -> None:
        config = client.admin.command("replSetGetConfig")["config"]
        others = [one for one in config["members"] if one["host"] != member]
        number = max(one["_id"] for one in config["members"]) + 1
        mine = next((one for one in config["members"] if one["host"] == member), {"_id": number})
        config["members"] = [*others, mine | {"host": member} | entry]
        config["version"] += 1
        client.admin.command("replSetReconfig", config)

    def has_everything() -> bool:
        states = client.admin.command("replSetGetStatus")["members"]
        return any(one["name"] == member and one["stateStr"] == "SECONDARY" for one in states)

    config = client.admin.command("replSetGetConfig")["config"]
    votes = {one["host"]: one["votes"] for one in config["members"]}
    if member not in votes:
        change(votes=0, priority=0)
    if not votes.get(member):
        until(f"the copy of all data to {member}", has_everything, COPY_SECONDS)
        change(votes=1, priority=1)


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
        "--members",
        required=True,
        help="host:port by which everybody reaches each, by commas; first the one here",
    )
    parser.add_argument(
        "--secrets", type=Path, default=Path("/run/secrets"), help="has mongo_admin, <user>_mongo"
    )
    parser.add_argument(
        "--ca", default="", help="PEM file of the certificate to trust, where mongod speaks TLS"
    )
    args = parser.parse_args()
    members = args.members.split(",")
    here = f"127.0.0.1:{members[0].rpartition(':')[2]}"
    password = (args.secrets / "mongo_admin").read_text().strip()
    with connect(here, args.ca) as client:
        until("the start of mongod", lambda: bool(client.admin.command("hello")))
    if not is_founded([here, *members[1:]], args.ca, password):
        found(here, args.ca, members[0], password)
    if knows_administrator(here, args.ca, password):
        with connect(here, args.ca, password) as client:
            # A server that was killed, or whose former address is somebody else's now, reads its set late.
            until("the reading of the set", lambda: bool(client.admin.command("replSetGetConfig")))
            move(client, members[0])
    with connect(args.members, args.ca, password, directConnection=False, replicaSet=REPLICA_SET) as client:
        until("the election of a primary", lambda: is_primary(client))
        for member in members[1:]:
            join(client, member)
        uris = {user: (args.secrets / f"{user}_mongo").read_text().strip() for user in MONGO if user != ADMIN}
        granted = [grant(client, user, uri) for user, uri in uris.items()]
    sys.stdout.write(f"mongo: {REPLICA_SET} is up at {args.members}; {', '.join(granted)}\n")


if __name__ == "__main__":
    main()
