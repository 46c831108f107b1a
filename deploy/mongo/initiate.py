"""One-shot job: it initiates the replica set, and gives every user of the permissions table exactly its role.

It shares the network namespace of mongod, because a server without users accepts the first one only from localhost.
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
    """A client of one mongod: as the administrator if a password is given, over TLS if a CA is given."""
    options = {"directConnection": True, "serverSelectionTimeoutMS": 2000} | how
    if ca:
        options |= {"tls": True, "tlsCAFile": ca}
    if password:
        options |= {"username": ADMIN, "password": password, "authSource": MONGO[ADMIN].database}
    return MongoClient(address, **options)


def until(what: str, probe: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Returns when `probe` returns True; raises SystemExit with `what` after the timeout."""
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
    """Tells whether the member is the primary."""
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def has_administrator(address: str, ca: str, password: str) -> bool:
    """Tells whether the administrator can log in; False on a server without users."""
    with connect(address, ca, password) as client:
        try:
            client.admin.command("ping")
        except OperationFailure as failure:
            if failure.code == AUTHENTICATION_FAILED:
                return False
            raise
        return True


def is_initiated(members: list[str], ca: str, password: str) -> bool:
    """Tells whether one of the members has the administrator; returns False only after all have answered."""
    results: dict[str, bool] = {}

    def check(member: str) -> bool:
        results[member] = has_administrator(member, ca, password)
        return True

    for member in members:
        until(f"an answer of {member}", lambda member=member: check(member))  # type: ignore[misc]
        if results[member]:
            return True
    return False


def initiate(here: str, ca: str, member: str, password: str) -> None:
    """Initiates a replica set of one and creates its administrator, if the server has neither."""
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
                raise SystemExit(
                    "mongo: the data have another password in mongo_admin: restore that file"
                ) from None
            raise


def change_address(client: Client, member: str) -> None:
    """Changes the address of the member of a replica set of one."""
    config = client.admin.command("replSetGetConfig")["config"]
    if len(config["members"]) == 1 and config["members"][0]["host"] != member:
        config["members"][0]["host"] = member
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def define_role(client: Client, role: Role) -> None:
    """Creates or updates a custom role with exactly the actions of the table."""
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


def add_member(client: Client, member: str) -> None:
    """Adds a member to the set; it gets a vote when it has copied all data, so that writes do not wait for it."""

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
    """Gives a user the password of its connection string and the role of the table; returns `user role`."""
    role, parts = MONGO[user], parse_uri(uri)
    if (parts["username"], parts["options"].get("authSource")) != (user, role.database):
        raise SystemExit(
            f"mongo: {user}_mongo is not a connection string of {user} with authSource={role.database}"
        )
    if role.actions:
        define_role(client, role)
    rights = {"pwd": parts["password"], "roles": [role.name]}
    try:
        client[role.database].command("updateUser", user, **rights)
    except OperationFailure as failure:
        if failure.code != NO_SUCH_USER:
            raise
        client[role.database].command("createUser", user, **rights)
    return f"{user} {role.name}"


def main() -> None:
    """Runs at every start of the deployment; it is idempotent."""
    parser = argparse.ArgumentParser(prog="initiate", description=__doc__)
    parser.add_argument(
        "--members",
        required=True,
        help="host:port of each member, by commas, the local one first",
    )
    parser.add_argument(
        "--secrets", type=Path, default=Path("/run/secrets"), help="folder with mongo_admin and <user>_mongo"
    )
    parser.add_argument("--ca", default="", help="PEM file of the CA to trust, if mongod uses TLS")
    args = parser.parse_args()
    members = args.members.split(",")
    here = f"127.0.0.1:{members[0].rpartition(':')[2]}"
    password = (args.secrets / "mongo_admin").read_text().strip()
    with connect(here, args.ca) as client:
        until("the start of mongod", lambda: bool(client.admin.command("hello")))
    if not is_initiated([here, *members[1:]], args.ca, password):
        initiate(here, args.ca, members[0], password)
    if has_administrator(here, args.ca, password):
        with connect(here, args.ca, password) as client:
            # A server that was killed, or whose former address is used by another process, loads its configuration late.
            until("the reading of the set", lambda: bool(client.admin.command("replSetGetConfig")))
            change_address(client, members[0])
    with connect(args.members, args.ca, password, directConnection=False, replicaSet=REPLICA_SET) as client:
        until("the election of a primary", lambda: is_primary(client))
        for member in members[1:]:
            add_member(client, member)
        uris = {user: (args.secrets / f"{user}_mongo").read_text().strip() for user in MONGO if user != ADMIN}
        granted = [grant(client, user, uri) for user, uri in uris.items()]
    sys.stdout.write(f"mongo: {REPLICA_SET} is up at {args.members}; {', '.join(granted)}\n")


if __name__ == "__main__":
    main()
