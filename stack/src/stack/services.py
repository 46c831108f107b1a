"""The environment of each service process, and the secrets of the system."""

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

# The roles of each client of the development issuer; a client without roles is used for logins only.
CLIENTS: Mapping[str, tuple[str, ...]] = {
    "intake": (),
    "routing": (),
    "subsidies": ("service",),
    "notify": ("service",),
    "operator": ("operator",),
    "coordinator": ("coordinator",),
    "officer": ("officer",),
    "ops": ("ops",),
}
# The pages of staff of each service, which people log in to.
HOMES = {
    "intake": "/segnalazioni",
    "routing": "/lavoro",
    "subsidies": "/contributi",
    "notify": "/messaggi",
}
# The services that call intake's internal API.
ASK_INTAKE = frozenset({"subsidies", "notify"})
# Invented: where mails of tenants are addressed to, and what ours are sent from.
INBOUND, SENDER = "segnalazioni@ascolto.example", "no-reply@ascolto.example"
# All clients of a local stack share one address, so the rate limit is off.
UNLIMITED = {"RATE": "0"}


@dataclass(frozen=True)
class Secrets:
    """The random secrets of one system, created once and readable by the owner only."""

    folder: Path

    @property
    def clients(self) -> Path:
        """The file of the development issuer's clients."""
        return self.folder / "clients.json"

    def client(self, name: str) -> Path:
        """The file with the secret of a client."""
        return self.folder / f"{name}.client"

    def key(self, service: str) -> Path:
        """The file with the key of a service."""
        return self.folder / f"{service}.secret"

    @property
    def backup_key(self) -> Path:
        """The file with the key of backup archives."""
        return self.folder / "backup.key"

    def make(self) -> None:
        """Creates the missing secrets; raises StackError for an empty key file."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in CLIENTS:
            if not has_content(self.client(name)):
                write_atomically(self.client(name), secrets.token_urlsafe(32), mode=0o600)
        known = {
            f"ascolto-{name}": {"secret": self.client(name).read_text(), "roles": roles}
            | ({"back": f"{HOMES[name]}/accesso/ritorno"} if name in HOMES else {})
            for name, roles in CLIENTS.items()
        }
        write_atomically(self.clients, json.dumps(known, indent=1) + "\n", mode=0o600)
        for path in (*map(self.key, SERVICES), self.backup_key):
            if path.exists() and not has_content(path):
                raise StackError(
                    f"{path} is empty, and data may be encrypted with its former content: restore it from a copy, or "
                    "delete it to get a new key."
                )
            if not path.exists():
                write_atomically(path, secrets.token_hex(32), mode=0o600)


@dataclass(frozen=True)
class Dependencies:
    """The addresses and credentials that a service process depends on."""

    kafka: Connection
    mongo: str
    smtp_port: int
    intake_port: int
    public_url: str
    issuer: str
    secrets: Secrets
    traces: str = ""

    def fingerprint(self) -> str:
        """A hash that changes with any value that a running service has received."""
        return fingerprint_of(
            (
                self.kafka,
                self.mongo,
                self.smtp_port,
                self.intake_port,
                self.public_url,
                self.issuer,
                self.traces,
            )
        )


def fingerprint_of(settings: object) -> str:
    """A hash of the settings of a process, which may hold secrets."""
    return hashlib.sha256(repr(settings).encode()).hexdigest()


def environment(
    service: str, ordinal: int, port: int, dependencies: Dependencies, extra: Mapping[str, str]
) -> dict[str, str]:
    """The complete environment of one service process."""
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
    if dependencies.traces:
        own["OTLP_ENDPOINT"] = dependencies.traces
    own |= UNLIMITED
    own |= {"CLIENT": f"ascolto-{service}", "CLIENT_SECRET": str(dependencies.secrets.client(service))}
    # Whoever is on this machine may say which client it forwards for, as the gateway does.
    own |= {"PUBLIC_URL": dependencies.public_url, "PROXIES": HOST}
    if service in ASK_INTAKE:
        own["INTAKE_URL"] = f"http://{HOST}:{dependencies.intake_port}"
    if service == "notify":
        own |= {"SMTP_HOST": HOST, "SMTP_PORT": str(dependencies.smtp_port)}
        own |= {"SENDER": SENDER, "INBOUND": INBOUND}
    if service == "intake":
        own |= {"MAIL_ADDRESS": INBOUND, "MAIL_SENDERS": SENDER}
    if dependencies.kafka.ca:
        own["KAFKA_CA"] = dependencies.kafka.ca
    return base_environment() | {f"{prefix}_{name}": value for name, value in own.items()} | dict(extra)


def watcher_environment(
    kafka: Connection, mongo: str, port: int, every: float, archives: Path
) -> dict[str, str]:
    """The environment variables of the watcher."""
    own = {"KAFKA": kafka.servers, "KAFKA_USER": kafka.user, "KAFKA_PASSWORD": kafka.password}
    own |= {"MONGO": mongo, "HOST": HOST, "PORT": str(port)}
    own |= {"EVERY": str(every), "ARCHIVES": str(archives)}
    return {f"WATCHER_{name}": value for name, value in own.items()}


def is_current(child: Child, fingerprint: str) -> bool:
    """Tells whether a process runs with the settings of this fingerprint; stops one that runs with others."""
    stored = child.folder / "settings.sha256"
    if child.alive():
        if not stored.exists() or stored.read_text() == fingerprint:
            return True
        print_stderr(f"{child.name} runs with outdated addresses or passwords and is restarted.")
        child.stop()
    write_atomically(stored, fingerprint)
    return False


def is_ready(port: int) -> bool:
    """Tells whether the service on this port reports that it is ready."""
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
