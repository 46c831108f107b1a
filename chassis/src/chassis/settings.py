"""The settings that every service has; a service's class adds fields and its prefix."""

import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, Field, FilePath, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.hosts import hosts_in
from contracts.connection import Connection, mongo_address

# A container's secrets are files here; a file named like a field with its prefix (`intake_mongo`) is its value.
SECRETS = Path("/run/secrets")


class ServiceSettings(BaseSettings):
    """Read once, in main; no secret has a default."""

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
    mongo: str = Field(description="MongoDB connection string of a replica set, with the service's own user.")
    mongo_members: str = Field(
        "", description="Members of the set to ask first, host:port[,host:port], instead of those in `mongo`."
    )
    mongo_ca: FilePath | None = Field(
        None, description="PEM file of the certificate to trust; given, MongoDB is reached over TLS."
    )
    database: str = Field(description="The service's own database.")
    driver: Literal["motor", "pymongo"] = Field("motor", description="Which MongoDB driver is used.")
    host: str = Field("127.0.0.1", description="Address that the HTTP server listens on.")
    port: int = Field(description="Port that the HTTP server listens on.")
    instance: str = Field(
        default_factory=socket.gethostname,
        description="Name of this replica; the same after a restart, different from every other replica's.",
    )
    stage: Literal["production", "development"] = Field(
        "production",
        description="Development takes the development issuer, and addresses without TLS; production takes neither.",
    )
    issuer: str = Field(description="Who gives identities: the `iss` of tokens, an address.")
    discovery: str = Field("", description="Where the issuer answers this service, when not under its name.")
    audience: str = Field("ascolto", description="The `aud` of tokens for the services of this installation.")
    secret: Path = Field(description="File with this service's own secret, 32 bytes in hexadecimal.")
    seed: Path = Field(description="Folder of the registers that are loaded at start.")
    crash_at: str = Field("", description="Crash point for fault tests, name:nth; empty in production.")
    otlp_endpoint: str = Field(
        "",
        description="Address of a collector that takes OTLP over HTTP, as http://collector:4318; empty: nothing is traced.",
    )
    slots: int = Field(
        24, description="Shares the relay, the timers and the jobs are cut into.", ge=1, le=256
    )
    max_body: int = Field(65_536, description="Largest request body, in bytes.")
    max_seconds: float = Field(30, description="Longest time until an answer begins, in seconds.", gt=0)
    rate: float = Field(
        20, description="Requests a second that one client may make in the long run; 0: any number.", ge=0
    )
    burst: int = Field(200, description="Requests that one client may make at once.", ge=1)
    proxies: str = Field(
        "", description="Addresses or networks, by commas, whose X-Forwarded-For and -Proto are believed."
    )
    hosts: str = Field(
        "",
        description="Hosts, by commas, under which people reach the service: names, or addresses as https://ascolto.example.org. "
        "Its own name, its own address and the loopback are always among them.",
    )

    @model_validator(mode="after")
    def _user_and_password_come_together(self) -> Self:
        if bool(self.kafka_user) != bool(self.kafka_password.get_secret_value()):
            missing = "kafka_password" if self.kafka_user else "kafka_user"
            raise ValueError(f"{missing} is missing: give both, or neither where the broker is open")
        return self

    @property
    def service(self) -> str:
        """The name of the service: the prefix of its settings."""
        return str(self.model_config.get("env_prefix", "")).rstrip("_").lower()

    @property
    def connection(self) -> Connection:
        """The connection to Kafka."""
        password = self.kafka_password.get_secret_value()
        return Connection(self.kafka, self.kafka_user, password, str(self.kafka_ca or ""))

    @property
    def store(self) -> str:
        """The connection string of MongoDB: the user from `mongo`, members and certificate from these settings."""
        return mongo_address(self.mongo, self.mongo_members, str(self.mongo_ca or ""))

    @model_validator(mode="after")
    def _production_has_tls(self) -> Self:
        if self.stage == "production" and not self.issuer.startswith("https://"):
            raise ValueError("issuer: give an https address, or set stage to development on your own machine")
        return self

    @field_validator("proxies")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        for word in filter(None, map(str.strip, text.split(","))):
            ip_network(word)  # raises ValueError with the word; `*` would trust every client
        return text

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_an_address(cls, said: str) -> str:
        if said:
            AnyHttpUrl(said)  # raises ValueError
        return said

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, text: str) -> str:
        hosts_in(text)
        return text


class ClientSettings(ServiceSettings):
    """For a service that requests tokens for itself, or that people log in to."""

    client: str = Field(description="The id under which the issuer knows this service.")
    client_secret: Path = Field(description="File with the secret that goes with it.")
