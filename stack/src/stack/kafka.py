"""An Apache Kafka broker as a local process, broker and controller in one."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from contracts.connection import Connection
from contracts.permissions import ADMIN, KAFKA_USERS
from stack.files import write_atomically
from stack.passwords import Passwords, require_password
from stack.paths import check_path, properties_value
from stack.ports import HOST, Ports, answers
from stack.processes import Child, StackError
from stack.tools import REPOSITORY, Tls, Tools, base_environment

# Enough for broker and controller in one process with few topics.
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
# The deployed settings, followed by those that differ here: of two lines with the same name the later one counts.
DEPLOYED = REPOSITORY / "deploy" / "kafka"
SETTINGS = """
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
log.dirs={data}
"""
# The static quorum of a single broker, whose ports may change between two starts.
ALONE = """
controller.quorum.voters=1@{controller}
"""
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
TLS = """
ssl.keystore.location={certificate}
ssl.truststore.location={ca}
"""
LOGGING = """\
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %m (%c)%n
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
"""


def cluster_id() -> str:
    """A random cluster id."""
    # The storage tool would take a leading dash for an option.
    while True:
        word = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()
        if not word.startswith("-"):
            return word


@dataclass(frozen=True)
class ClusterSeat:
    """The position of a broker in a cluster: the number of its folder, from 1, all folders, and the cluster id."""

    number: int
    folders: tuple[Path, ...]
    cluster: str

    def founds(self) -> bool:
        """Tells whether it founds the quorum: the first broker does, unless another controller responds."""
        others = [folder for folder in self.folders if folder != self.folders[self.number - 1]]
        return self.number == 1 and not any(answers(Ports(folder)["controller"]) for folder in others)


@dataclass(frozen=True)
class Outside:
    """The listener for clients of other teams: its advertised host name and its certificate."""

    name: str
    certificate: Path


@dataclass(frozen=True)
class Kafka:
    """One broker; its data, ports and log are in its folder."""

    folder: Path
    tools: Tools
    # Further listeners by name, each with the port that it advertises: that of a proxy in front of it.
    proxied: tuple[tuple[str, int], ...] = ()
    # Whether clients must authenticate.
    locked: bool = True
    tls: Tls | None = None
    seat: ClusterSeat | None = None
    outside: Outside | None = None

    @property
    def child(self) -> Child:
        """The broker's process."""
        return Child("kafka", self.folder)

    @property
    def port(self) -> int:
        """The port for clients."""
        return Ports(self.folder)["clients"]

    def behind(self, proxied_listener: str) -> int:
        """The port of a proxied listener itself."""
        return Ports(self.folder)[proxied_listener]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all brokers of its cluster."""
        return self.seat.folders if self.seat else (self.folder,)

    @property
    def controllers(self) -> str:
        """The addresses of all controllers, host:port by commas."""
        return ",".join(f"{HOST}:{Ports(folder)['controller']}" for folder in self.folders)

    @property
    def address(self) -> str:
        """The bootstrap servers, host:port by commas."""
        return ",".join(f"{HOST}:{Ports(folder)['clients']}" for folder in self.folders)

    @property
    def passwords(self) -> Passwords:
        """The passwords of its users."""
        return Passwords(self.folders[0] / "secrets", "{}_kafka_password")

    @property
    def admin(self) -> Connection:
        """The connection of the administrator."""
        return self.as_user(ADMIN)

    def as_user(self, user: str, port: int | None = None) -> Connection:
        """The connection of a user, through another port if one is given."""
        ca = str(self.tls.ca) if self.tls else ""
        who = (user, self.passwords[user]) if self.locked else ("", "")
        return Connection(f"{HOST}:{port}" if port else self.address, *who, ca)

    def launch(self) -> None:
        """Starts the broker if it does not run; returns before it is ready."""
        if self.locked:
            require_password(self.formatted, self.passwords.file(ADMIN))
        if self.child.alive():
            return
        self._prepare()
        archive = self.tools.archive
        sharing = [f"-XX:SharedArchiveFile={archive}", "-Xlog:cds=off"] if archive.exists() else []
        self._spawn(sharing)

    def record_classes(self) -> None:
        """Runs the broker once and creates the class data sharing archive."""
        staged = self.tools.archive.with_suffix(".part")
        staged.unlink(missing_ok=True)
        self._prepare()
        self._spawn([f"-XX:ArchiveClassesAtExit={staged}"])
        self.wait_ready()
        self.stop()
        staged.replace(self.tools.archive)

    def _prepare(self) -> None:
        check_path(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.passwords.make(*KAFKA_USERS)
        self._configure()
        self._format()

    def _spawn(self, options: list[str]) -> None:
        logging = f"-Dlog4j2.configurationFile={(self.folder / 'log4j2.properties').as_uri()}"
        self.child.start([*self._java(logging, *options), "kafka.Kafka", self._settings], self._environment())

    def wait_ready(self, deadline: float = 60.0) -> None:
        """Returns when the broker is registered and responds to clients."""
        self.child.wait_until(self._answers, deadline)

    def start(self) -> None:
        """Starts the broker if it does not run; returns when it is ready."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """Stops the broker with a controlled shutdown; data and ports are kept."""
        self.child.stop(deadline=30.0)

    def kill(self) -> None:
        """Kills the broker with SIGKILL."""
        self.child.kill()

    def pause(self) -> None:
        """Stops the process with SIGSTOP: connections stay open, nothing responds."""
        self.child.pause()

    def resume(self) -> None:
        """Continues a paused broker."""
        self.child.resume()

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _formatting(self) -> Path:
        """Exists while the storage is being formatted; if it exists at a start, the storage is incomplete and empty."""
        return self.folder / "formatting"

    @property
    def formatted(self) -> Path:
        """The file that marks a formatted storage."""
        return self.folder / "data" / "meta.properties"

    def _environment(self) -> dict[str, str]:
        replicas = len(self.folders)
        return base_environment() | {
            "ADMIN_PASSWORD": self.passwords[ADMIN],
            "BROKER_ID": str(self.seat.number if self.seat else 1),
            "BROKER_NAME": HOST,
            "BROKER_CONTROLLERS": self.controllers,
            "BROKER_REPLICAS": str(replicas),
            "BROKER_IN_SYNC": str(max(1, replicas - 1)),
        }

    def _java(self, *options: str) -> list[str | Path]:
        return [self.tools.java, *JVM, *options, "-cp", f"{self.tools.kafka}/*"]

    def _configure(self) -> None:
        write_atomically(self._settings, "\n".join(self._lines()))
        write_atomically(self.folder / "log4j2.properties", LOGGING)

    def _lines(self) -> Iterator[str]:
        yield (DEPLOYED / "server.properties").read_text()
        if self.tls:
            yield (DEPLOYED / "tls.properties").read_text()
            yield TLS.format(
                certificate=properties_value(self.tls.certificate), ca=properties_value(self.tls.ca)
            )
        if self.outside:
            yield (DEPLOYED / "outside.properties").read_text()
            yield f"listener.name.outside.ssl.keystore.location={properties_value(self.outside.certificate)}\n"
        yield from (
            f"listener.name.{name}.scram-sha-512.sasl.jaas.config={SCRAM}\n" for name, _ in self.proxied
        )
        listeners = list(self._listeners())
        yield SETTINGS.format(
            data=properties_value(self.folder / "data"),
            listeners=",".join(f"{name}://{HOST}:{port}" for name, port, _, _ in listeners),
            advertised=",".join(f"{name}://{shown}" for name, _, shown, _ in listeners),
            protocols=",".join(f"{name}:{protocol}" for name, _, _, protocol in listeners),
        )
        if not self.locked:
            yield "authorizer.class.name=\n"
        if not self.seat:
            yield ALONE.format(controller=self.controllers)

    def _listeners(self) -> Iterator[tuple[str, int, str, str]]:
        """Name, port, advertised address and security protocol of each listener."""
        ports, tls = Ports(self.folder), "SSL" if self.tls else "PLAINTEXT"
        protocol = ("SASL_" if self.locked else "") + tls
        clients, controller = ports.claim("clients"), ports.claim("controller")
        yield "CLIENTS", clients, f"{HOST}:{clients}", protocol
        yield "CONTROLLER", controller, f"{HOST}:{controller}", f"SASL_{tls}"
        for name, advertised in self.proxied:
            yield name.upper(), ports.claim(name), f"{HOST}:{advertised}", protocol
        if self.outside:
            port = ports.claim("outside")
            yield "OUTSIDE", port, f"{self.outside.name}:{port}", "SASL_SSL"

    def _format(self) -> None:
        if self._formatting.exists():
            shutil.rmtree(self.folder / "data", ignore_errors=True)
        if self.formatted.exists():
            return
        write_atomically(self._formatting, "")
        cluster = self.seat.cluster if self.seat else cluster_id()
        words = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings)]
        first = ["--add-scram", f"SCRAM-SHA-512=[name={ADMIN},password={self.passwords[ADMIN]}]"]
        role = ["--standalone" if self.seat.founds() else "--no-initial-controllers"] if self.seat else []
        command = [*self._java("-XX:TieredStopAtLevel=1"), *words, *role, "--ignore-formatted", *first]
        done = subprocess.run(command, capture_output=True, text=True, env=self._environment())
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise StackError(f"Kafka's storage in {self.folder} could not be formatted: {' '.join(reason)}")
        self._formatting.unlink()

    def _answers(self) -> bool:
        if not answers(self.port):
            return False
        client = AdminClient(self.as_user(ADMIN, self.port).librdkafka() | {"log_level": 0})
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False
