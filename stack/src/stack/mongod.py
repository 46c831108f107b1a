"""A real mongod as a replica set of one, on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from stack.ports import HOST, Ports, answers
from stack.processes import Child
from stack.tools import Tools, base_environment

REPLICA_SET = "rs0"
NOT_YET_INITIALIZED = 94
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

    @property
    def child(self) -> Child:
        """The server's process."""
        return Child("mongod", self.folder)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return Ports(self.folder)["clients"]

    @property
    def address(self) -> str:
        """The connection string that services get."""
        return f"mongodb://{HOST}:{self.port}/?replicaSet={REPLICA_SET}&directConnection=false"

    def launch(self) -> None:
        """Starts the server unless it lives, and returns before it answers."""
        if self.child.alive():
            return
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        port = Ports(self.folder).claim("clients")
        where: list[str | Path] = ["--dbpath", data, "--bind_ip", HOST, "--port", str(port), "--nounixsocket"]
        sizes = ["--wiredTigerCacheSizeGB", "1", "--oplogSize", "2048"]
        parameters = [
            word for name, value in PARAMETERS.items() for word in ("--setParameter", f"{name}={value}")
        ]
        command = [self.tools.mongod, "--replSet", REPLICA_SET, *where, *sizes, *parameters, "--quiet"]
        self.child.start(command, base_environment())

    def wait_ready(self, deadline: float = 60.0) -> None:
        """Returns when the server is PRIMARY of a set that knows it by its present port."""
        self.child.wait_until(lambda: answers(self.port), deadline)
        self.child.wait_until(self._is_member, deadline)
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

    @contextmanager
    def _client(self) -> Iterator[MongoClient[dict[str, Any]]]:
        client: MongoClient[dict[str, Any]] = MongoClient(
            HOST, self.port, directConnection=True, serverSelectionTimeoutMS=2000
        )
        try:
            yield client
        finally:
            client.close()

    def _is_member(self) -> bool:
        """Makes the set when there is none, and corrects it when the port changed."""
        host = f"{HOST}:{self.port}"
        with self._client() as client:
            try:
                known = client.admin.command("replSetGetConfig")["config"]
            except OperationFailure as failure:
                if failure.code != NOT_YET_INITIALIZED:
                    return False
                known = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": host}]}
                client.admin.command("replSetInitiate", known)
                return True
            except PyMongoError:
                return False
            if known["members"][0]["host"] != host:
                known["members"][0]["host"] = host
                known["version"] += 1
                client.admin.command("replSetReconfig", known, force=True)
            return True

    def _is_primary(self) -> bool:
        with self._client() as client:
            try:
                return bool(client.admin.command("hello")["isWritablePrimary"])
            except PyMongoError:
                return False
