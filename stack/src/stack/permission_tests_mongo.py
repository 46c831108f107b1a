"""The attempts on MongoDB: every database, the sessions of others, administration, and wrong credentials."""

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


def attempts(addresses: Mapping[str, str], anonymous: str) -> Iterator[Attempt]:
    """All attempts of all users; `anonymous` is a connection string without a user.

    The server must allow exactly what the table grants.
    """
    for user, address in addresses.items():
        with _client(address) as client:
            yield from _databases(user, client)
            yield from _administration(user, client)
        if user in SERVICES:
            yield Attempt("mongodb", user, "end its own former session", _end_session(address), granted=True)
        wrong = address.replace(f"{user}:", f"{user}:no", 1)
        yield Attempt("mongodb", user, "log in with a wrong password", _log_in(wrong))
    for database in SERVICES:
        with _client(anonymous) as client:
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
        return False  # a custom role reads no documents
    return MONGO[user].database == database


def _deeds(client: Client, database: str) -> dict[str, Callable[[], object]]:
    # A user with the right to read everything reads this collection, which need not exist.
    collection = client[database][COLLECTION]
    return {
        "read": collection.find_one,
        "write": lambda: collection.insert_one({"by": "permissions"}),
    }


def _administration(user: str, client: Client) -> Iterator[Attempt]:
    own = MONGO[user].database
    role = [{"role": "root", "db": "admin"}]
    actions: dict[str, Callable[[], object]] = {
        "end all sessions": lambda: client["admin"].command("killAllSessions", []),
        "grant itself every right": lambda: client[own].command("grantRolesToUser", user, roles=role),
        "create a user": lambda: client[own].command("createUser", "tried", pwd="tried", roles=role),
        "read the users": client["admin"]["system.users"].find_one,
        "stop the server": lambda: client["admin"].command("shutdown"),
    }
    for action, act in actions.items():
        yield Attempt("mongodb", user, action, _answer(act), user == BACKUP and action == "read the users")


def _end_session(address: str) -> str:
    """Ends a session of another connection of the same user, as a consumer does; its open transaction must be aborted."""
    with _client(address) as before, _client(address) as after, before.start_session() as session:
        collection = before.get_default_database()[COLLECTION]
        session.start_transaction()
        collection.insert_one({"_id": str(uuid.uuid4())}, session=session)
        number = uuid.UUID(bytes=bytes(session.session_id["id"]))
        answer = _answer(lambda: after["admin"].command({"killSessions": [{"id": Binary.from_uuid(number)}]}))
        alive = _answer(lambda: collection.find_one(session=session)) == ALLOWED
        return "the session lives" if alive else answer


def _answer(act: Callable[[], object]) -> str:
    try:
        act()
    except OperationFailure as failure:
        return f"{failure.code} {(failure.details or {}).get('codeName', '')}".strip()
    return ALLOWED


def addresses_of(as_user: Callable[[str], str]) -> dict[str, str]:
    """The connection strings of all users but the administrator."""
    return {user: as_user(user) for user in MONGO if user != ADMIN}
