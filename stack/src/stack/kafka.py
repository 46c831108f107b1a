"""A real Apache Kafka broker, one process that is broker and controller, on loopback."""

import base64
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stack.files import write_whole
from stack.ports import HOST, Ports, answers
from stack.processes import Child, StackError
from stack.tools import Tools, base_environment

# The controller shares the process, and metadata of a few topics need no more.
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
# After a crash the controller takes the broker back only when its former session has run out: 9 s as it comes.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
inter.broker.listener.name=CLIENTS
log.dirs={data}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
offsets.retention.minutes=43200
transaction.state.log.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
default.replication.factor=1
min.insync.replicas=1
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=16777216
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


def _cluster_id() -> str:
    # A leading dash would be read as an option by the tool that takes it.
    while True:
        word = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()
        if not word.startswith("-"):
            return word


@dataclass(frozen=True)
class Kafka:
    """One broker whose data, ports and log live in its folder."""

    folder: Path
    tools: Tools
    # More listeners by name, and the port that clients of each are sent to: a proxy in front of it is not bypassed.
    detours: tuple[tuple[str, int], ...] = ()

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
    def address(self) -> str:
        """What clients call bootstrap servers."""
        return f"{HOST}:{self.port}"

    def launch(self) -> None:
        """Starts the broker unless it lives, and returns before it answers."""
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
        self.folder.mkdir(parents=True, exist_ok=True)
        self._configure()
        self._format()

    def _spawn(self, options: list[str]) -> None:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        self.child.start([*self._java(logging, *options), "kafka.Kafka", self._settings], base_environment())

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

    def _java(self, *options: str) -> list[str | Path]:
        return [self.tools.java, *JVM, *options, "-cp", f"{self.tools.kafka}/*"]

    def _configure(self) -> None:
        ports = Ports(self.folder)
        clients, controller = ports.claim("clients"), ports.claim("controller")
        behind = {name: (ports.claim(name), sent_to) for name, sent_to in self.detours}
        clients_of = {"CLIENTS": (clients, clients)} | {name.upper(): pair for name, pair in behind.items()}
        listeners = [f"{name}://{HOST}:{port}" for name, (port, _) in clients_of.items()]
        text = SETTINGS.format(
            host=HOST,
            controller=controller,
            data=self.folder / "data",
            listeners=",".join([*listeners, f"CONTROLLER://{HOST}:{controller}"]),
            advertised=",".join(f"{name}://{HOST}:{port}" for name, (_, port) in clients_of.items()),
            protocols=",".join(f"{name}:PLAINTEXT" for name in [*clients_of, "CONTROLLER"]),
        )
        write_whole(self._settings, text)
        write_whole(self.folder / "log4j2.properties", LOGGING)

    def _format(self) -> None:
        if (self.folder / "data" / "meta.properties").exists():
            return
        words = ["kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._settings)]
        command = [*self._java("-XX:TieredStopAtLevel=1"), *words, "--ignore-formatted"]
        done = subprocess.run(command, capture_output=True, text=True, env=base_environment())
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise StackError(f"Kafka's storage in {self.folder} could not be formatted: {' '.join(reason)}")

    def _answers(self) -> bool:
        if not answers(self.port):
            return False
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False
