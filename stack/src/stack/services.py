"""What each service is told through its environment, and nothing else reaches it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.connection import Connection
from contracts.permissions import SERVICES
from stack.files import write_whole
from stack.ports import HOST
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
GENEROUS = {"RATE": "0"}


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
            if not self.client(name).exists():
                write_whole(self.client(name), secrets.token_urlsafe(32), mode=0o600)
        known = {
            f"ascolto-{name}": {"secret": self.client(name).read_text(), "roles": roles}
            for name, roles in CLIENTS.items()
        }
        write_whole(self.clients, json.dumps(known, indent=1) + "\n", mode=0o600)
        for path in (*map(self.key, SERVICES), self.backup_key):
            if not path.exists():
                write_whole(path, secrets.token_hex(32), mode=0o600)


@dataclass(frozen=True)
class Surroundings:
    """Where the things around one service are, and as whom it comes to the engines."""

    kafka: Connection
    mongo: str
    smtp_port: int
    intake_port: int
    issuer: str
    secrets: Secrets


def environment(
    service: str, ordinal: int, port: int, around: Surroundings, extra: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of one service process."""
    prefix = service.upper()
    own = {
        "INSTANCE": f"{service}-{ordinal}",
        "KAFKA": around.kafka.servers,
        "KAFKA_USER": around.kafka.user,
        "KAFKA_PASSWORD": around.kafka.password,
        "MONGO": around.mongo,
        "DATABASE": service,
        "HOST": HOST,
        "PORT": str(port),
        "STAGE": "development",
        "ISSUER": around.issuer,
        "SECRET": str(around.secrets.key(service)),
        "SEED": str(REPOSITORY / "deploy" / "seed" / service),
    }
    own |= GENEROUS
    if service in CLIENTS:
        own |= {"CLIENT": f"ascolto-{service}", "CLIENT_SECRET": str(around.secrets.client(service))}
    if service == "routing":
        own["PUBLIC_URL"] = f"http://{HOST}:{port}"
    if service == "notify":
        intake = f"http://{HOST}:{around.intake_port}"
        own |= {
            "INTAKE_URL": intake,
            "PUBLIC_URL": intake,
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(around.smtp_port),
        }
    if around.kafka.ca:
        own["KAFKA_CA"] = around.kafka.ca
    return base_environment() | {f"{prefix}_{name}": value for name, value in own.items()} | dict(extra)
