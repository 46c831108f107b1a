"""What the watcher is told."""

from pathlib import Path

from pydantic import Field, FilePath, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.connection import Connection, mongo_address

# A container's secrets are files here; one named like a field with its prefix (`watcher_mongo`) is that field's value.
SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """Read once, in main; no field that is a secret has a default."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHER_",
        frozen=True,
        extra="ignore",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    kafka: str = Field(description="Kafka bootstrap servers, host:port[,host:port].")
    kafka_user: str = Field("", description="Its user on Kafka; empty where the broker is open.")
    kafka_password: SecretStr = Field(SecretStr(""), description="Its password.")
    kafka_ca: FilePath | None = Field(
        None, description="PEM file of the certificate to trust; given, Kafka is reached over TLS."
    )
    mongo: str = Field(description="MongoDB connection string with its own user.")
    mongo_members: str = Field(
        "", description="Members of the set to ask first, host:port[,host:port], instead of those in `mongo`."
    )
    mongo_ca: FilePath | None = Field(
        None, description="PEM file of the certificate to trust; given, MongoDB is reached over TLS."
    )
    archives: Path | None = Field(
        None, description="Folder of backups, whose `latest.json` says when the last one succeeded."
    )
    host: str = Field("127.0.0.1", description="Address on which metrics are shown.")
    port: int = Field(description="Port on which metrics are shown.")
    every: float = Field(10, description="Seconds between two looks at an engine.", gt=0)

    @property
    def connection(self) -> Connection:
        """How Kafka is reached."""
        password = self.kafka_password.get_secret_value()
        return Connection(self.kafka, self.kafka_user, password, str(self.kafka_ca or ""))

    @property
    def store(self) -> str:
        """How MongoDB is reached."""
        return mongo_address(self.mongo, self.mongo_members, str(self.mongo_ca or ""))
