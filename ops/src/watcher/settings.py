"""The settings of the watcher."""

from pathlib import Path

from pydantic import Field, FilePath, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.connection import Connection, mongo_address

# Docker secrets. A file named like a field with its prefix (`watcher_mongo`) is the value of that field.
SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """Read once, in main, from the environment and from Docker secrets."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHER_",
        frozen=True,
        extra="ignore",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    kafka: str = Field(description="Kafka bootstrap servers, host:port[,host:port].")
    kafka_user: str = Field("", description="Kafka user; empty for a broker without authentication.")
    kafka_password: SecretStr = Field(SecretStr(""), description="Kafka password.")
    kafka_ca: FilePath | None = Field(
        None, description="PEM file of the CA to trust; if set, Kafka is reached over TLS."
    )
    mongo: str = Field(description="MongoDB connection string of the watcher's user.")
    mongo_members: str = Field(
        "", description="Seed members of the replica set, host:port[,host:port], instead of those in `mongo`."
    )
    mongo_ca: FilePath | None = Field(
        None, description="PEM file of the CA to trust; if set, MongoDB is reached over TLS."
    )
    archives: Path | None = Field(
        None, description="Folder of backups, whose `latest.json` has the time of the last successful one."
    )
    host: str = Field("127.0.0.1", description="Address of the metrics server.")
    port: int = Field(description="Port of the metrics server.")
    every: float = Field(10, description="Seconds between two collections of an engine's metrics.", gt=0)

    @property
    def connection(self) -> Connection:
        """The connection to Kafka."""
        password = self.kafka_password.get_secret_value()
        return Connection(self.kafka, self.kafka_user, password, str(self.kafka_ca or ""))

    @property
    def store(self) -> str:
        """The connection string of MongoDB."""
        return mongo_address(self.mongo, self.mongo_members, str(self.mongo_ca or ""))
