"""The environment of a campaign: real engines and services; every connection between them runs through a faulty link."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pymongo import MongoClient

from bench.faults.links import Links
from contracts.permissions import SERVICES
from stack.kafka import Kafka
from stack.ports import HOST, Ports
from stack.processes import Child, StackError
from stack.services import Dependencies, environment
from stack.system import System
from stack.tools import REPOSITORY, Tools

POLL_SECONDS = 0.1
READY_SECONDS = 120.0
Replica = tuple[str, int]


@dataclass
class ReplicaSpec:
    """How one replica runs: arguments of the interpreter, extra variables (`once`: for the next start), and whether it is restarted."""

    words: Sequence[str]
    extra: Mapping[str, str] = field(default_factory=dict)
    once: Mapping[str, str] = field(default_factory=dict)
    supervised: bool = True


class Environment(System):
    """A whole system whose services are restarted whenever they end, as a deployment would do."""

    def __init__(self, root: Path, links: Links) -> None:
        """Names the state folder and the links; starts nothing."""
        super().__init__(root)
        self.links = links
        self.specs: dict[Replica, ReplicaSpec] = {}
        self.restarts: list[tuple[float, str]] = []
        self._lock = threading.RLock()
        self._supervising = False
        self._supervisor: threading.Thread | None = None

    @property
    def kafka(self) -> Kafka:
        """The broker, with a listener for each service that advertises the port of that service's link."""
        ports = Ports(self.root / "links")
        listeners = tuple((f"via_{name}", ports[f"{name}-kafka"]) for name in SERVICES)
        return Kafka(self.root / "kafka", Tools.find(), listeners)

    def open(self) -> None:
        """Start engines, mailbox, topics, links and one replica of every service; return when all are ready."""
        self.start_engines()
        self.start_mailbox()
        self.start_issuer()
        self.provision()
        self._open_links()
        for name in SERVICES:
            self.ensure(name)
        self.wait_all()

    def _open_links(self) -> None:
        ports, intake = Ports(self.root / "links"), Ports(self.service("intake").folder)["http"]
        targets = {f"{name}-mongod": self.mongod.port for name in SERVICES}
        targets |= {f"{name}-kafka": self.kafka.behind(f"via_{name}") for name in SERVICES}
        targets |= {"notify-smtp": Ports(self.mailbox.folder)["smtp"], "notify-intake": intake}
        targets |= {"client-intake": intake}
        for name, target in targets.items():
            self.links.add(name, ports.claim(name), target)

    def link_port(self, name: str) -> int:
        """The port of a link."""
        return Ports(self.root / "links")[name]

    def service_variables(self, name: str, ordinal: int) -> dict[str, str]:
        """The environment variables of one replica, with links in place of the engines."""
        child = self.service(name, ordinal)
        around = Dependencies(
            kafka=self.kafka.as_user(name, self.link_port(f"{name}-kafka")),
            mongo=self.mongod.as_user(name, self.link_port(f"{name}-mongod")),
            smtp_port=self.link_port("notify-smtp"),
            intake_port=self.link_port("notify-intake"),
            issuer=self.issuer_url,
            public_url=self.public_url,
            secrets=self.secrets,
        )
        port = Ports(child.folder).claim("http")
        return environment(name, ordinal, port, around, {"PYTHONPATH": str(REPOSITORY)})

    def ensure(
        self,
        name: str,
        ordinal: int = 0,
        words: Sequence[str] = (),
        extra: Mapping[str, str] | None = None,
        once: Mapping[str, str] | None = None,
    ) -> None:
        """Start a replica unless it is alive, and keep it alive; `once` holds variables for its next start only."""
        with self._lock:
            command = words or ("-m", name)
            self.specs[name, ordinal] = ReplicaSpec(command, extra or {}, once or {})
            if not self.service(name, ordinal).alive():
                self._start(name, ordinal)

    def _start(self, name: str, ordinal: int) -> None:
        specs = self.specs[name, ordinal]
        extra, specs.once = {**specs.extra, **specs.once}, {}
        env = self.service_variables(name, ordinal) | extra
        self.service(name, ordinal).start([sys.executable, *specs.words], env)
        if (name, ordinal) == ("intake", 0):
            for link in {"client-intake", "notify-intake"} & set(self.links.names):
                self.links.retarget(link, Ports(self.service(name).folder)["http"])

    def restart_with(self, name: str, ordinal: int, once: Mapping[str, str]) -> None:
        """Restart a replica with additional variables for this start."""
        with self._lock:
            self.specs[name, ordinal].once = once
            self.service(name, ordinal).kill()
            self._start(name, ordinal)

    def kill(self, name: str, ordinal: int = 0) -> None:
        """Kill a replica with SIGKILL; the supervisor restarts it."""
        with self._lock:
            self.service(name, ordinal).kill()

    def remove(self, name: str, ordinal: int, *, kill: bool = False) -> None:
        """Stop a replica for good, gracefully or with SIGKILL."""
        with self._lock:
            self.specs.pop((name, ordinal), None)
        child = self.service(name, ordinal)
        if kill:
            child.kill()
        else:
            child.stop()

    def remove_all(self) -> None:
        """Stop every replica gracefully."""
        with self._lock:
            replicas, self.specs = list(self.specs), {}
        for name, ordinal in replicas:
            self.service(name, ordinal).ask_to_stop()
        for name, ordinal in replicas:
            self.service(name, ordinal).stop()

    @contextmanager
    def suspended(self, *replicas: Replica) -> Iterator[None]:
        """Do not restart these replicas in the meantime."""
        with self._lock:
            for replica in replicas:
                self.specs[replica].supervised = False
        try:
            yield
        finally:
            with self._lock:
                for replica in replicas:
                    self.specs[replica].supervised = True

    def supervise(self) -> None:
        """From now on restart replicas that end."""
        self._supervising = True
        self._supervisor = threading.Thread(target=self._keep_alive, name="watch", daemon=True)
        self._supervisor.start()

    def _keep_alive(self) -> None:
        while self._supervising:
            with self._lock:
                for (name, ordinal), specs in list(self.specs.items()):
                    if specs.supervised and not self.service(name, ordinal).alive():
                        self.restarts.append((time.time(), f"{name}-{ordinal}"))
                        self._start(name, ordinal)
            time.sleep(POLL_SECONDS)

    def wait_all(self, deadline: float = READY_SECONDS) -> None:
        """Return when every replica is ready, also those that are restarted meanwhile; raises StackError after the deadline."""
        end = time.monotonic() + deadline
        for name, ordinal in list(self.specs):
            while (name, ordinal) in self.specs and not self.ready(name, ordinal):
                if time.monotonic() > end:
                    raise StackError(f"{name}-{ordinal} was not ready within {deadline:.0f} s.")
                time.sleep(0.05)

    def ready(self, name: str, ordinal: int) -> bool:
        """Whether a replica reports readiness."""
        connection = HTTPConnection(HOST, Ports(self.service(name, ordinal).folder)["http"], timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def close(self) -> None:
        """Stop everything."""
        self._supervising = False
        if self._supervisor is not None:
            self._supervisor.join(5)
        self.remove_all()
        self.links.close()
        self.stop()

    def client(self) -> MongoClient[dict[str, object]]:
        """A connection to the database that bypasses the links."""
        return MongoClient(self.mongod.admin, tz_aware=True, serverSelectionTimeoutMS=20_000)

    def every_child(self) -> list[Child]:
        """The processes of the current replicas."""
        return [self.service(name, ordinal) for name, ordinal in sorted(self.specs)]
