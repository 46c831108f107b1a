"""The settings that every service has; a service's own class adds its fields and its prefix."""

import socket
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.connection import Connection

# A container's secrets are files here; one named like a field with its prefix (`intake_mongo`) is that field's value.
SECRETS = Path("/run/secrets")


class ServiceSettings(BaseSettings):
    """Read once, in main; no field that is a secret has a default."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    kafka: str = Field(description="Kafka bootstrap servers, host:port[,host:port].")
    kafka_user: str = Field(
        "", description="The service's own user on Kafka; empty where the broker is open."
    )
    kafka_password: SecretStr = Field(SecretStr(""), description="Its password.")
    kafka_ca: FilePath | None = Field(
        None, description="PEM file of the certificate to trust; given, Kafka is reached over TLS."
    )
    mongo: str = Field(
        description="MongoDB connection string of a replica set, with the service's own user; over TLS with "
        "`&tls=true&tlsCAFile=…`."
    )
    database: str = Field(description="The service's own database.")
    driver: Literal["motor", "pymongo"] = Field("motor", description="Which MongoDB driver is used.")
    host: str = Field("127.0.0.1", description="Address the HTTP door listens on.")
    port: int = Field(description="Port the HTTP door listens on.")
    instance: str = Field(
        default_factory=socket.gethostname,
        description="Name of this replica; the same after a restart, different from every other replica's.",
    )
    tokens: Path = Field(description="File of bearer tokens by role (JSON).")
    secret: Path = Field(description="File with this service's own secret, 32 bytes in hexadecimal.")
    seed: Path = Field(description="Folder of the registers that are loaded at start.")
    crash_at: str = Field("", description="Crash point for fault tests, name:nth; empty in production.")
    slots: int = Field(
        24, description="Shares the relay, the timers and the jobs are cut into.", ge=1, le=256
    )
    max_body: int = Field(65_536, description="Largest request body, in bytes.")

    @model_validator(mode="after")
    def _user_and_password_come_together(self) -> Self:
        if bool(self.kafka_user) != bool(self.kafka_password.get_secret_value()):
            missing = "kafka_password" if self.kafka_user else "kafka_user"
            raise ValueError(f"{missing} is missing: give both, or neither where the broker is open")
        return self

    @property
    def connection(self) -> Connection:
        """How this service reaches Kafka."""
        password = self.kafka_password.get_secret_value()
        return Connection(self.kafka, self.kafka_user, password, str(self.kafka_ca or ""))
