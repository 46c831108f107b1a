"""A real mongod as a replica set of one, on loopback."""

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from contracts.permissions import ADMIN, MONGO
from stack.files import write_atomically
from stack.passwords import Passwords, refuse_without_lock
from stack.paths import check_path
from stack.ports import HOST, Ports, answers
from stack.processes import Child
from stack.recovery import run_job
from stack.tools import REPOSITORY, Tls, Tools, base_environment

REPLICA_SET = "rs0"
INITIATE = REPOSITORY / "deploy" / "mongo" / "initiate.py"
KEY = "keyfile"  # by which members of a set know one another: with it, everybody else needs a password
PARAMETERS = {
    "transactionLifetimeLimitSeconds": 5,
    # A set of one has nobody to hand over to: waiting for it would only slow `down`.
    "shutdownTimeoutMillisForSignaledShutdown": 100,
    "diagnosticDataCollectionEnabled": "false",
}


@dataclass(frozen=True)
class Mongod:
    """One mongod whose data, port and log live in its folder."""

    folder: Path
    tools: Tools
    tls: Tls | None = None
    # The other members of its set, host:port each; this one founds it.
    others: tuple[str, ...] = ()

    @property
    def child(self) -> Child:
        """The server's process."""
        return Child("mongod", self.folder)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return Ports(self.folder)["clients"]

    @property
    def members(self) -> str:
        """Where the members of its set are, itself first."""
        return ",".join((f"{HOST}:{self.port}", *self.others))

    @property
    def address(self) -> str:
        """Where it is, without anybody's password."""
        return f"mongodb://{self.members}/?replicaSet={REPLICA_SET}"

    @property
    def secrets(self) -> Path:
        """The folder of passwords and connection strings."""
        return self.folder / "secrets"

    @property
    def passwords(self) -> Passwords:
        """The passwords of those who come in."""
        return Passwords(self.secrets, "mongo_{}")

    @property
    def admin(self) -> str:
        """The connection string of the administrator."""
        return self.as_user(ADMIN)

    def as_user(self, user: str, port: int | None = None) -> str:
        """A user's connection string, by another port when there is something in between."""
        database = MONGO[user].database
        where = f"{HOST}:{port}" if port else self.members
        who = f"{user}:{self.passwords[user]}@{where}/{database}?authSource={database}"
        how = "directConnection=true" if port else f"replicaSet={REPLICA_SET}"
        return f"mongodb://{who}&{how}" + (f"&tls=true&tlsCAFile={self.tls.ca}" if self.tls else "")

    def launch(self) -> None:
        """Starts the server unless it lives, and returns before it answers."""
        check_path(self.folder)
        data = self.folder / "data"
        refuse_without_lock(data / "WiredTiger", self.passwords.file(ADMIN))
        if self.child.alive():
            return
        self._make_room(data)
        self.passwords.make(KEY, *MONGO)
        port = Ports(self.folder).claim("clients")
        where: list[str | Path] = ["--dbpath", data, "--bind_ip", HOST, "--port", str(port), "--nounixsocket"]
        sizes = ["--wiredTigerCacheSizeGB", "1", "--oplogSize", "2048"]
        parameters = [
            word for name, value in PARAMETERS.items() for word in ("--setParameter", f"{name}={value}")
        ]
        locks: list[str | Path] = ["--keyFile", self.passwords.file(KEY)]
        if self.tls:
            locks += ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", self.tls.certificate]
            locks += ["--tlsCAFile", self.tls.ca, "--tlsAllowConnectionsWithoutCertificates"]
        command = [
            self.tools.mongod,
            "--replSet",
            REPLICA_SET,
            *where,
            *sizes,
            *parameters,
            *locks,
            "--quiet",
        ]
        self.child.start(command, base_environment())

    def wait_ready(self, deadline: float = 60.0) -> None:
        """Returns when the server is PRIMARY of a set that knows it by its present port, and everybody has a user."""
        self.child.wait_until(lambda: answers(self.port), deadline)
        wanted = self._users()
        if not self._initiated.exists() or self._initiated.read_text() != wanted:
            self._initiate()
            write_atomically(self._initiated, wanted)
            self._founding.unlink(missing_ok=True)
        self.child.wait_until(self._is_primary, deadline)

    def start(self) -> None:
        """Starts the server unless it lives, and returns when it is PRIMARY."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """Ends the server in order; the data and the port stay."""
        self.child.stop(deadline=30.0)

    def kill(self) -> None:
        """Ends the server as a power cut would."""
        self.child.kill()

    def pause(self) -> None:
        """Freezes the server: connections stay, nothing answers."""
        self.child.pause()

    def resume(self) -> None:
        """Lets a frozen server go on."""
        self.child.resume()

    @property
    def _initiated(self) -> Path:
        """Says for which address and for whom the set was last initiated."""
        return self.folder / "initiated"

    @property
    def _founding(self) -> Path:
        """Is there from the making of the data folder until the set is initiated: nobody kept anything in it before."""
        return self.folder / "founding"

    def _make_room(self, data: Path) -> None:
        """Makes the data folder, anew when a former start was cut off before anybody could use it."""
        if self._founding.exists() and not self._initiated.exists():
            shutil.rmtree(data, ignore_errors=True)
        if not data.exists():
            write_atomically(self._founding, "")
            data.mkdir(parents=True)

    def _users(self) -> str:
        """Names who comes in, by which password and where, so that a change of any of them is seen."""
        known = "\n".join(self.passwords[user] for user in MONGO)
        return f"{self.members} {sorted(MONGO.items())} {hashlib.sha256(known.encode()).hexdigest()}"

    def _initiate(self) -> None:
        """What the deployment's job does once: the set, and everybody's user and role."""
        for user in MONGO:
            write_atomically(self.secrets / f"{user}_mongo", self.as_user(user), mode=0o600)
        where = ["--members", self.members, "--secrets", str(self.secrets)]
        trust = ["--ca", str(self.tls.ca)] if self.tls else []
        command = [sys.executable, str(INITIATE), *where, *trust]
        run_job("The set-up of MongoDB's users", command, base_environment(), self.child)

    def _is_primary(self) -> bool:
        trust: dict[str, Any] = {"tls": True, "tlsCAFile": str(self.tls.ca)} if self.tls else {}
        where: dict[str, Any] = {"replicaSet": REPLICA_SET} if self.others else {"directConnection": True}
        client: MongoClient[dict[str, Any]] = MongoClient(
            self.members, serverSelectionTimeoutMS=2000, **where, **trust
        )
        with client:
            try:
                return bool(client.admin.command("hello")["isWritablePrimary"])
            except PyMongoError:
                return False
