"""The system under test: real engines and services, every connection between them through a link that can misbehave."""

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

LOOK_SECONDS = 0.1
READY_SECONDS = 120.0
Replica = tuple[str, int]


@dataclass
class Wanted:
    """How one replica is to run: `words` after the interpreter, more environment, and whether it is kept alive."""

    words: Sequence[str]
    extra: Mapping[str, str] = field(default_factory=dict)
    once: Mapping[str, str] = field(default_factory=dict)
    kept: bool = True


class Stand(System):
    """A whole system whose services are started again whenever they end, as a deployment would."""

    def __init__(self, root: Path, links: Links) -> None:
        """Names the state folder and the links; nothing runs yet."""
        super().__init__(root)
        self.links = links
        self.wanted: dict[Replica, Wanted] = {}
        self.restarts: list[tuple[float, str]] = []
        self._lock = threading.RLock()
        self._watching = False
        self._watcher: threading.Thread | None = None

    @property
    def kafka(self) -> Kafka:
        """The broker, with a listener for each service whose advertised port is that service's link."""
        ports = Ports(self.root / "links")
        detours = tuple((f"via_{name}", ports[f"{name}-kafka"]) for name in SERVICES)
        return Kafka(self.root / "kafka", Tools.find(), detours)

    def open(self) -> None:
        """Starts engines, mailbox, topics, links and one replica of every service, and returns when all are ready."""
        self.start_engines()
        self.start_mailbox()
        self.start_issuer()
        self.provision()
        self._open_links()
        for name in SERVICES:
            self.want(name)
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
        """Where a link listens."""
        return Ports(self.root / "links")[name]

    def environment(self, name: str, ordinal: int) -> dict[str, str]:
        """The whole environment of one replica, with links where the engines would be."""
        child = self.service(name, ordinal)
        around = Dependencies(
            kafka=self.kafka.as_user(name, self.link_port(f"{name}-kafka")),
            mongo=self.mongod.as_user(name, self.link_port(f"{name}-mongod")),
            smtp_port=self.link_port("notify-smtp"),
            intake_port=self.link_port("notify-intake"),
            issuer=self.issuer_url,
            secrets=self.secrets,
        )
        port = Ports(child.folder).claim("http")
        return environment(name, ordinal, port, around, {"PYTHONPATH": str(REPOSITORY)})

    def want(
        self,
        name: str,
        ordinal: int = 0,
        words: Sequence[str] = (),
        extra: Mapping[str, str] | None = None,
        once: Mapping[str, str] | None = None,
    ) -> None:
        """Starts a replica unless it lives, and keeps it alive; `once` is for its next start only."""
        with self._lock:
            command = words or ("-m", name)
            self.wanted[name, ordinal] = Wanted(command, extra or {}, once or {})
            if not self.service(name, ordinal).alive():
                self._start(name, ordinal)

    def _start(self, name: str, ordinal: int) -> None:
        wanted = self.wanted[name, ordinal]
        extra, wanted.once = {**wanted.extra, **wanted.once}, {}
        env = self.environment(name, ordinal) | extra
        self.service(name, ordinal).start([sys.executable, *wanted.words], env)
        if (name, ordinal) == ("intake", 0):
            for link in {"client-intake", "notify-intake"} & set(self.links.names):
                self.links.retarget(link, Ports(self.service(name).folder)["http"])

    def arm(self, name: str, ordinal: int, once: Mapping[str, str]) -> None:
        """Gives a replica more environment for its next start, and lets it start anew."""
        with self._lock:
            self.wanted[name, ordinal].once = once
            self.service(name, ordinal).kill()
            self._start(name, ordinal)

    def kill(self, name: str, ordinal: int = 0) -> None:
        """Ends a replica as a crash would; nobody starts it again before it is gone."""
        with self._lock:
            self.service(name, ordinal).kill()

    def drop(self, name: str, ordinal: int, *, kill: bool = False) -> None:
        """Ends a replica for good, in order or as a crash would."""
        with self._lock:
            self.wanted.pop((name, ordinal), None)
        child = self.service(name, ordinal)
        if kill:
            child.kill()
        else:
            child.stop()

    def drop_all(self) -> None:
        """Ends every replica in order."""
        with self._lock:
            replicas, self.wanted = list(self.wanted), {}
        for name, ordinal in replicas:
            self.service(name, ordinal).ask_to_stop()
        for name, ordinal in replicas:
            self.service(name, ordinal).stop()

    @contextmanager
    def held_down(self, *replicas: Replica) -> Iterator[None]:
        """Nobody starts these again for a while."""
        with self._lock:
            for replica in replicas:
                self.wanted[replica].kept = False
        try:
            yield
        finally:
            with self._lock:
                for replica in replicas:
                    self.wanted[replica].kept = True

    def watch(self) -> None:
        """From now on replicas that end are started again."""
        self._watching = True
        self._watcher = threading.Thread(target=self._keep_alive, name="watch", daemon=True)
        self._watcher.start()

    def _keep_alive(self) -> None:
        while self._watching:
            with self._lock:
                for (name, ordinal), wanted in list(self.wanted.items()):
                    if wanted.kept and not self.service(name, ordinal).alive():
                        self.restarts.append((time.time(), f"{name}-{ordinal}"))
                        self._start(name, ordinal)
            time.sleep(LOOK_SECONDS)

    def wait_all(self, deadline: float = READY_SECONDS) -> None:
        """Returns when every wanted replica is ready; one that ends meanwhile is waited for again."""
        end = time.monotonic() + deadline
        for name, ordinal in list(self.wanted):
            while (name, ordinal) in self.wanted and not self.ready(name, ordinal):
                if time.monotonic() > end:
                    raise StackError(f"{name}-{ordinal} was not ready within {deadline:.0f} s.")
                time.sleep(0.05)

    def ready(self, name: str, ordinal: int) -> bool:
        """Whether a replica says that it is ready now."""
        connection = HTTPConnection(HOST, Ports(self.service(name, ordinal).folder)["http"], timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def close(self) -> None:
        """Ends everything."""
        self._watching = False
        if self._watcher is not None:
            self._watcher.join(5)
        self.drop_all()
        self.links.close()
        self.stop()

    def client(self) -> MongoClient[dict[str, object]]:
        """A connection to the store that goes around the links."""
        return MongoClient(self.mongod.admin, tz_aware=True, serverSelectionTimeoutMS=20_000)

    def every_child(self) -> list[Child]:
        """The processes of the services that are wanted now."""
        return [self.service(name, ordinal) for name, ordinal in sorted(self.wanted)]
