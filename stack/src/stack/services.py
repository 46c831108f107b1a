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

ROLES = ("service", "operator", "officer", "coordinator", "ops")


@dataclass(frozen=True)
class Secrets:
    """Random secrets of one system, made once and readable by its owner only."""

    folder: Path

    @property
    def tokens(self) -> Path:
        """The file with one bearer token per role."""
        return self.folder / "tokens.json"

    def key(self, service: str) -> Path:
        """The file with one service's own key."""
        return self.folder / f"{service}.secret"

    def make(self) -> None:
        """Makes what is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.tokens.exists():
            tokens = {role: secrets.token_urlsafe(32) for role in ROLES}
            write_whole(self.tokens, json.dumps(tokens, indent=1) + "\n", mode=0o600)
        for service in SERVICES:
            if not self.key(service).exists():
                write_whole(self.key(service), secrets.token_hex(32), mode=0o600)

    def read_tokens(self) -> dict[str, str]:
        """The bearer token of every role."""
        found: dict[str, str] = json.loads(self.tokens.read_text())
        return found


@dataclass(frozen=True)
class Surroundings:
    """Where the things around one service are, and as whom it comes to the engines."""

    kafka: Connection
    mongo: str
    smtp_port: int
    intake_port: int
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
        "TOKENS": str(around.secrets.tokens),
        "SECRET": str(around.secrets.key(service)),
        "SEED": str(REPOSITORY / "deploy" / "seed" / service),
    }
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
