"""What everybody tries on the store: each database that is not theirs, sessions of others, and ruling."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bson import Binary
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from contracts.permissions import ADMIN, BACKUP, MONGO, SERVICES
from stack.permission_attempts import ALLOWED, Attempt

COLLECTION = "tried"
Client = MongoClient[dict[str, Any]]


def attempts(addresses: Mapping[str, str], stranger: str) -> Iterator[Attempt]:
    """Every user tries everything there is; `stranger` is a connection string without a user.

    What the table grants must be answered with yes, all else with no.
    """
    for user, address in addresses.items():
        with _client(address) as client:
            yield from _databases(user, client)
            yield from _administration(user, client)
        if user in SERVICES:
            yield Attempt(
                "mongodb", user, "end its predecessor's session", _end_session(address), granted=True
            )
        wrong = address.replace(f"{user}:", f"{user}:no", 1)
        yield Attempt("mongodb", user, "log in with a wrong password", _log_in(wrong))
    for database in SERVICES:
        with _client(stranger) as client:
            for action, act in _deeds(client, database).items():
                yield Attempt("mongodb", "anonymous", f"{action} {database}", _answer(act))


def _client(address: str) -> Client:
    return MongoClient(address, serverSelectionTimeoutMS=10_000)


def _log_in(address: str) -> str:
    with _client(address) as client:
        return _answer(lambda: client["admin"].command("ping"))


def _databases(user: str, client: Client) -> Iterator[Attempt]:
    for database in (*SERVICES, "admin", "config", "local"):
        for action, act in _deeds(client, database).items():
            granted = _may(user, action, database)
            yield Attempt("mongodb", user, f"{action} {database}", _answer(act), granted)


def _may(user: str, action: str, database: str) -> bool:
    if user == BACKUP:
        return action == "read"
    if MONGO[user].actions:
        return False  # a role of our own counts and reads nothing
    return MONGO[user].database == database


def _deeds(client: Client, database: str) -> dict[str, Callable[[], object]]:
    # Those who may read everything read what is there; of the server's own databases that is not this collection.
    things = client[database][COLLECTION]
    return {
        "read": things.find_one,
        "write": lambda: things.insert_one({"by": "denials"}),
    }


def _administration(user: str, client: Client) -> Iterator[Attempt]:
    own = MONGO[user].database
    role = [{"role": "root", "db": "admin"}]
    actions: dict[str, Callable[[], object]] = {
        "end everybody's sessions": lambda: client["admin"].command("killAllSessions", []),
        "give itself every right": lambda: client[own].command("grantRolesToUser", user, roles=role),
        "make a user": lambda: client[own].command("createUser", "tried", pwd="tried", roles=role),
        "read the users": client["admin"]["system.users"].find_one,
        "stop the server": lambda: client["admin"].command("shutdown"),
    }
    for action, act in actions.items():
        yield Attempt("mongodb", user, action, _answer(act), user == BACKUP and action == "read the users")


def _end_session(address: str) -> str:
    """As a consumer does it: the open transaction of another connection of the same user is gone afterwards."""
    with _client(address) as before, _client(address) as after, before.start_session() as session:
        things = before.get_default_database()[COLLECTION]
        session.start_transaction()
        things.insert_one({"_id": str(uuid.uuid4())}, session=session)
        number = uuid.UUID(bytes=bytes(session.session_id["id"]))
        answer = _answer(lambda: after["admin"].command({"killSessions": [{"id": Binary.from_uuid(number)}]}))
        survived = _answer(lambda: things.find_one(session=session)) == ALLOWED
        return "the session lives" if survived else answer


def _answer(act: Callable[[], object]) -> str:
    try:
        act()
    except OperationFailure as failure:
        return f"{failure.code} {(failure.details or {}).get('codeName', '')}".strip()
    return ALLOWED


def addresses_of(as_user: Callable[[str], str]) -> dict[str, str]:
    """The connection strings of everybody who is held to the table."""
    return {user: as_user(user) for user in MONGO if user != ADMIN}
