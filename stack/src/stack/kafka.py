"""A real Apache Kafka broker, one process that is broker and controller, on loopback."""

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
from stack.passwords import Passwords, refuse_without_lock
from stack.paths import check_path, properties_value
from stack.ports import HOST, Ports, answers
from stack.processes import Child, StackError
from stack.tools import REPOSITORY, Tls, Tools, base_environment

# The controller shares the process, and metadata of a few topics need no more.
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
# The deployed broker's settings, and after them what is different here: of two lines with one name the later counts.
DEPLOYED = REPOSITORY / "deploy" / "kafka"
SETTINGS = """
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
log.dirs={data}
"""
# A broker alone, whose ports may change from one start to the next, finds itself by this; several find one another.
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
    """A random id for the data of a new cluster."""
    # A leading dash would be read as an option by the tool that takes it.
    while True:
        word = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()
        if not word.startswith("-"):
            return word


@dataclass(frozen=True)
class Seat:
    """A broker's place in a cluster: which of the folders is its own, counted from 1, and the cluster's id."""

    number: int
    folders: tuple[Path, ...]
    cluster: str

    def founds(self) -> bool:
        """Tells whether this one makes the quorum; where another controller is, even the first broker joins."""
        others = [folder for folder in self.folders if folder != self.folders[self.number - 1]]
        return self.number == 1 and not any(answers(Ports(folder)["controller"]) for folder in others)


@dataclass(frozen=True)
class Outside:
    """The listener of other teams' clients: the name they know the broker by, and the certificate shown to them."""

    name: str
    certificate: Path


@dataclass(frozen=True)
class Kafka:
    """One broker whose data, ports and log live in its folder."""

    folder: Path
    tools: Tools
    # More listeners by name, and the port that clients of each are sent to: a proxy in front of it is not bypassed.
    detours: tuple[tuple[str, int], ...] = ()
    # An open broker asks nobody who he is; over TLS it shows a certificate.
    locked: bool = True
    tls: Tls | None = None
    seat: Seat | None = None
    outside: Outside | None = None

    @property
    def child(self) -> Child:
        """The broker's process."""
        return Child("kafka", self.folder)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return Ports(self.folder)["clients"]

    def behind(self, detour: str) -> int:
        """Where the listener of a detour really is."""
        return Ports(self.folder)[detour]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all brokers of its cluster."""
        return self.seat.folders if self.seat else (self.folder,)

    @property
    def controllers(self) -> str:
        """Where the controllers are."""
        return ",".join(f"{HOST}:{Ports(folder)['controller']}" for folder in self.folders)

    @property
    def address(self) -> str:
        """What clients call bootstrap servers."""
        return ",".join(f"{HOST}:{Ports(folder)['clients']}" for folder in self.folders)

    @property
    def passwords(self) -> Passwords:
        """The passwords of those who come in."""
        return Passwords(self.folders[0] / "secrets", "{}_kafka_password")

    @property
    def admin(self) -> Connection:
        """How the administrator comes in."""
        return self.as_user(ADMIN)

    def as_user(self, user: str, port: int | None = None) -> Connection:
        """How a user comes in, by another port when there is something in between."""
        ca = str(self.tls.ca) if self.tls else ""
        who = (user, self.passwords[user]) if self.locked else ("", "")
        return Connection(f"{HOST}:{port}" if port else self.address, *who, ca)

    def launch(self) -> None:
        """Starts the broker unless it lives, and returns before it answers."""
        if self.locked:
            refuse_without_lock(self.formatted, self.passwords.file(ADMIN))
        if self.child.alive():
            return
        self._prepare()
        archive = self.tools.archive
        sharing = [f"-XX:SharedArchiveFile={archive}", "-Xlog:cds=off"] if archive.exists() else []
        self._spawn(sharing)

    def record_classes(self) -> None:
        """Runs the broker once and leaves the archive that later starts are faster with."""
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
        """Returns when the broker is registered and answers clients."""
        self.child.wait_until(self._answers, deadline)

    def start(self) -> None:
        """Starts the broker unless it lives, and returns when it answers."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """Ends the broker in order; the data and the ports stay."""
        self.child.stop(deadline=30.0)

    def kill(self) -> None:
        """Ends the broker as a power cut would."""
        self.child.kill()

    def pause(self) -> None:
        """Freezes the broker: connections stay, nothing answers."""
        self.child.pause()

    def resume(self) -> None:
        """Lets a frozen broker go on."""
        self.child.resume()

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _formatting(self) -> Path:
        """Is there while the storage is formatted: found at a start, it says that the storage is half made and empty."""
        return self.folder / "formatting"

    @property
    def formatted(self) -> Path:
        """What its storage has once it is formatted."""
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
            f"listener.name.{name}.scram-sha-512.sasl.jaas.config={SCRAM}\n" for name, _ in self.detours
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
        """Each listener's name, its port, where its clients are sent to, and what is spoken there."""
        ports, tls = Ports(self.folder), "SSL" if self.tls else "PLAINTEXT"
        spoken = ("SASL_" if self.locked else "") + tls
        clients, controller = ports.claim("clients"), ports.claim("controller")
        yield "CLIENTS", clients, f"{HOST}:{clients}", spoken
        yield "CONTROLLER", controller, f"{HOST}:{controller}", f"SASL_{tls}"
        for name, sent_to in self.detours:
            yield name.upper(), ports.claim(name), f"{HOST}:{sent_to}", spoken
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
