"""A mongod as a local process, a replica set of one or a member of a larger one."""

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
from stack.passwords import Passwords, require_password
from stack.paths import check_path
from stack.ports import HOST, Ports, answers
from stack.processes import Child
from stack.recovery import run_job
from stack.tools import REPOSITORY, Tls, Tools, base_environment

REPLICA_SET = "rs0"
INITIATE = REPOSITORY / "deploy" / "mongo" / "initiate.py"
KEY = "keyfile"  # authenticates the members to each other, and enables access control
PARAMETERS = {
    "transactionLifetimeLimitSeconds": 5,
    # A single member has no successor to wait for at shutdown.
    "shutdownTimeoutMillisForSignaledShutdown": 100,
    "diagnosticDataCollectionEnabled": "false",
}


@dataclass(frozen=True)
class Mongod:
    """One mongod; its data, port and log are in its folder."""

    folder: Path
    tools: Tools
    tls: Tls | None = None
    # The other members of the set, host:port each; this one initiates it.
    others: tuple[str, ...] = ()

    @property
    def child(self) -> Child:
        """The server's process."""
        return Child("mongod", self.folder)

    @property
    def port(self) -> int:
        """The port for clients."""
        return Ports(self.folder)["clients"]

    @property
    def members(self) -> str:
        """The members of its set, host:port by commas, itself first."""
        return ",".join((f"{HOST}:{self.port}", *self.others))

    @property
    def address(self) -> str:
        """Its connection string without a user."""
        return f"mongodb://{self.members}/?replicaSet={REPLICA_SET}"

    @property
    def secrets(self) -> Path:
        """The folder of passwords and connection strings."""
        return self.folder / "secrets"

    @property
    def passwords(self) -> Passwords:
        """The passwords of its users."""
        return Passwords(self.secrets, "mongo_{}")

    @property
    def admin(self) -> str:
        """The connection string of the administrator."""
        return self.as_user(ADMIN)

    def as_user(self, user: str, port: int | None = None) -> str:
        """The connection string of a user, through another port if one is given."""
        database = MONGO[user].database
        where = f"{HOST}:{port}" if port else self.members
        who = f"{user}:{self.passwords[user]}@{where}/{database}?authSource={database}"
        how = "directConnection=true" if port else f"replicaSet={REPLICA_SET}"
        return f"mongodb://{who}&{how}" + (f"&tls=true&tlsCAFile={self.tls.ca}" if self.tls else "")

    def launch(self) -> None:
        """Starts the server if it does not run; returns before it is ready."""
        check_path(self.folder)
        data = self.folder / "data"
        require_password(data / "WiredTiger", self.passwords.file(ADMIN))
        if self.child.alive():
            return
        self._prepare_data(data)
        self.passwords.make(KEY, *MONGO)
        port = Ports(self.folder).claim("clients")
        where: list[str | Path] = ["--dbpath", data, "--bind_ip", HOST, "--port", str(port), "--nounixsocket"]
        sizes = ["--wiredTigerCacheSizeGB", "1", "--oplogSize", "2048"]
        parameters = [
            word for name, value in PARAMETERS.items() for word in ("--setParameter", f"{name}={value}")
        ]
        security: list[str | Path] = ["--keyFile", self.passwords.file(KEY)]
        if self.tls:
            security += ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", self.tls.certificate]
            security += ["--tlsCAFile", self.tls.ca, "--tlsAllowConnectionsWithoutCertificates"]
        command = [
            self.tools.mongod,
            "--replSet",
            REPLICA_SET,
            *where,
            *sizes,
            *parameters,
            *security,
            "--quiet",
        ]
        self.child.start(command, base_environment())

    def wait_ready(self, deadline: float = 60.0) -> None:
        """Returns when the server is PRIMARY under its present port and all users exist."""
        self.child.wait_until(lambda: answers(self.port), deadline)
        wanted = self._users()
        if not self._initiated.exists() or self._initiated.read_text() != wanted:
            self._initiate()
            write_atomically(self._initiated, wanted)
            self._founding.unlink(missing_ok=True)
        self.child.wait_until(self._is_primary, deadline)

    def start(self) -> None:
        """Starts the server if it does not run; returns when it is PRIMARY."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """Shuts the server down; data and port are kept."""
        self.child.stop(deadline=30.0)

    def kill(self) -> None:
        """Kills the server with SIGKILL."""
        self.child.kill()

    def pause(self) -> None:
        """Stops the process with SIGSTOP: connections stay open, nothing responds."""
        self.child.pause()

    def resume(self) -> None:
        """Continues a paused server."""
        self.child.resume()

    @property
    def _initiated(self) -> Path:
        """The members, users and passwords for which the set was last initiated."""
        return self.folder / "initiated"

    @property
    def _founding(self) -> Path:
        """Exists from the creation of the data folder until the set is initiated; until then the folder holds no data."""
        return self.folder / "founding"

    def _prepare_data(self, data: Path) -> None:
        """Creates the data folder; replaces one whose initiation was interrupted."""
        if self._founding.exists() and not self._initiated.exists():
            shutil.rmtree(data, ignore_errors=True)
        if not data.exists():
            write_atomically(self._founding, "")
            data.mkdir(parents=True)

    def _users(self) -> str:
        """Identifies members, users and passwords, so that a change of any of them is detected."""
        known = "\n".join(self.passwords[user] for user in MONGO)
        return f"{self.members} {sorted(MONGO.items())} {hashlib.sha256(known.encode()).hexdigest()}"

    def _initiate(self) -> None:
        """Initiates the set and creates users and roles, with the job of the deployment."""
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
