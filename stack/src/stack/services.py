"""What each service is told through its environment, and nothing else reaches it."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from contracts.connection import Connection
from contracts.permissions import SERVICES
from stack.files import has_content, write_atomically
from stack.ports import HOST
from stack.processes import Child, StackError, print_stderr
from stack.tools import REPOSITORY, base_environment

# What each client of the development issuer may be; the client of a service that only sends people to log in is nobody.
CLIENTS = {
    "notify": ("service",),
    "routing": (),
    "operator": ("operator",),
    "coordinator": ("coordinator",),
    "officer": ("officer",),
    "ops": ("ops",),
}
# One machine is one client: what plays whole days there must not be taken for a flood.
UNLIMITED = {"RATE": "0"}


@dataclass(frozen=True)
class Secrets:
    """Random secrets of one system, made once and readable by its owner only."""

    folder: Path

    @property
    def clients(self) -> Path:
        """The file with the clients that the development issuer knows."""
        return self.folder / "clients.json"

    def client(self, name: str) -> Path:
        """The file with one client's secret."""
        return self.folder / f"{name}.client"

    def key(self, service: str) -> Path:
        """The file with one service's own key."""
        return self.folder / f"{service}.secret"

    @property
    def backup_key(self) -> Path:
        """The file with the key that locks archives."""
        return self.folder / "backup.key"

    def make(self) -> None:
        """Makes what is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in CLIENTS:
            if not has_content(self.client(name)):
                write_atomically(self.client(name), secrets.token_urlsafe(32), mode=0o600)
        known = {
            f"ascolto-{name}": {"secret": self.client(name).read_text(), "roles": roles}
            for name, roles in CLIENTS.items()
        }
        write_atomically(self.clients, json.dumps(known, indent=1) + "\n", mode=0o600)
        for path in (*map(self.key, SERVICES), self.backup_key):
            if path.exists() and not has_content(path):
                raise StackError(
                    f"{path} is empty and data may be sealed with what was in it: put it back from a copy, or remove it "
                    "for a new one."
                )
            if not path.exists():
                write_atomically(path, secrets.token_hex(32), mode=0o600)


@dataclass(frozen=True)
class Dependencies:
    """Where the things around one service are, and as whom it comes to the engines."""

    kafka: Connection
    mongo: str
    smtp_port: int
    intake_port: int
    issuer: str
    secrets: Secrets

    def fingerprint(self) -> str:
        """Changes when anything changes that a running service was told."""
        return fingerprint_of((self.kafka, self.mongo, self.smtp_port, self.intake_port, self.issuer))


def fingerprint_of(told: object) -> str:
    """Names what a process was told, without giving it away."""
    return hashlib.sha256(repr(told).encode()).hexdigest()


def environment(
    service: str, ordinal: int, port: int, dependencies: Dependencies, extra: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of one service process."""
    prefix = service.upper()
    own = {
        "INSTANCE": f"{service}-{ordinal}",
        "KAFKA": dependencies.kafka.servers,
        "KAFKA_USER": dependencies.kafka.user,
        "KAFKA_PASSWORD": dependencies.kafka.password,
        "MONGO": dependencies.mongo,
        "DATABASE": service,
        "HOST": HOST,
        "PORT": str(port),
        "STAGE": "development",
        "ISSUER": dependencies.issuer,
        "SECRET": str(dependencies.secrets.key(service)),
        "SEED": str(REPOSITORY / "deploy" / "seed" / service),
    }
    own |= UNLIMITED
    if service in CLIENTS:
        own |= {"CLIENT": f"ascolto-{service}", "CLIENT_SECRET": str(dependencies.secrets.client(service))}
    if service == "routing":
        own["PUBLIC_URL"] = f"http://{HOST}:{port}"
    if service == "notify":
        intake = f"http://{HOST}:{dependencies.intake_port}"
        own |= {
            "INTAKE_URL": intake,
            "PUBLIC_URL": intake,
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(dependencies.smtp_port),
        }
    if dependencies.kafka.ca:
        own["KAFKA_CA"] = dependencies.kafka.ca
    return base_environment() | {f"{prefix}_{name}": value for name, value in own.items()} | dict(extra)


def watcher_environment(
    kafka: Connection, mongo: str, port: int, every: float, archives: Path
) -> dict[str, str]:
    """What only the watcher is told."""
    told = {"KAFKA": kafka.servers, "KAFKA_USER": kafka.user, "KAFKA_PASSWORD": kafka.password}
    told |= {"MONGO": mongo, "HOST": HOST, "PORT": str(port)}
    told |= {"EVERY": str(every), "ARCHIVES": str(archives)}
    return {f"WATCHER_{name}": value for name, value in told.items()}


def is_current(child: Child, fingerprint: str) -> bool:
    """Tells whether a process lives that was told what holds now; one that was told something else is ended."""
    told = child.folder / "told"
    if child.alive():
        if not told.exists() or told.read_text() == fingerprint:
            return True
        print_stderr(f"{child.name} knows addresses or passwords that hold no longer, and is started again.")
        child.stop()
    write_atomically(told, fingerprint)
    return False


def is_ready(port: int) -> bool:
    """Tells whether the service on this port says that it is ready."""
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
