"""How anybody reaches the engines: for Kafka one value that every client here is made from, for MongoDB its address."""

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Connection:
    """Where the broker is, as whom to come, and whose certificate to trust; without a user the broker is an open one."""

    servers: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    @property
    def each(self) -> list[str]:
        """The bootstrap servers one by one, for clients that take a list."""
        return self.servers.split(",")

    @property
    def protocol(self) -> str:
        """Kafka's word for what is spoken: TLS when there is a certificate to trust, a login when there is a user."""
        return ("SASL_" if self.user else "") + ("SSL" if self.ca else "PLAINTEXT")

    def tls(self) -> ssl.SSLContext | None:
        """The context that trusts the certificate, None without one; raises OSError when the file cannot be read."""
        return ssl.create_default_context(cafile=self.ca) if self.ca else None

    def aiokafka(self) -> dict[str, Any]:
        """The keyword arguments of every client of aiokafka."""
        return {
            "bootstrap_servers": self.each,
            "security_protocol": self.protocol,
            "ssl_context": self.tls(),
            "sasl_mechanism": MECHANISM if self.user else "PLAIN",
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password or None,
        }

    def librdkafka(self) -> dict[str, Any]:
        """The settings of every client on librdkafka, such as confluent-kafka's and kcat."""
        settings = {"bootstrap.servers": self.servers, "security.protocol": self.protocol}
        if self.user:
            login = {"mechanism": MECHANISM, "username": self.user, "password": self.password}
            settings |= {f"sasl.{name}": value for name, value in login.items()}
        return settings | ({"ssl.ca.location": self.ca} if self.ca else {})


def mongo_address(said: str, members: str = "", ca: str = "") -> str:
    """A connection string with other members in it, host:port[,host:port], and with the certificate to trust."""
    parts = urlsplit(said)
    who, at, where = parts.netloc.rpartition("@")
    trust = f"tls=true&tlsCAFile={quote(ca, safe='')}" if ca else ""
    query = "&".join(filter(None, (parts.query, trust)))
    return parts._replace(netloc=who + at + (members or where), path=parts.path or "/", query=query).geturl()
