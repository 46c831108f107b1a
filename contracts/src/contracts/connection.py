"""The connection settings of Kafka clients, and the connection strings of MongoDB."""

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Connection:
    """The address of Kafka, the user, and the CA certificate; without a user the client does not authenticate."""

    servers: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    @property
    def each(self) -> list[str]:
        """The bootstrap servers as a list."""
        return self.servers.split(",")

    @property
    def protocol(self) -> str:
        """The value of `security.protocol`: SSL with a CA certificate, SASL with a user."""
        return ("SASL_" if self.user else "") + ("SSL" if self.ca else "PLAINTEXT")

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context for the CA certificate, None without one; raises OSError when the file cannot be read."""
        return ssl.create_default_context(cafile=self.ca) if self.ca else None

    def aiokafka(self) -> dict[str, Any]:
        """The keyword arguments of aiokafka clients."""
        return {
            "bootstrap_servers": self.each,
            "security_protocol": self.protocol,
            "ssl_context": self.tls(),
            "sasl_mechanism": MECHANISM if self.user else "PLAIN",
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password or None,
        }

    def librdkafka(self) -> dict[str, Any]:
        """The settings of librdkafka clients, such as confluent-kafka and kcat."""
        settings = {"bootstrap.servers": self.servers, "security.protocol": self.protocol}
        if self.user:
            login = {"mechanism": MECHANISM, "username": self.user, "password": self.password}
            settings |= {f"sasl.{name}": value for name, value in login.items()}
        return settings | ({"ssl.ca.location": self.ca} if self.ca else {})


def mongo_address(address: str, members: str = "", ca: str = "") -> str:
    """The connection string with `members` as its hosts, and with TLS when there is a CA certificate."""
    parts = urlsplit(address)
    who, at, where = parts.netloc.rpartition("@")
    trust = f"tls=true&tlsCAFile={quote(ca, safe='')}" if ca else ""
    query = "&".join(filter(None, (parts.query, trust)))
    return parts._replace(netloc=who + at + (members or where), path=parts.path or "/", query=query).geturl()
