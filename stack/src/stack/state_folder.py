"""The processes of one state folder: which there are, where they answer, and whether they run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.permissions import SERVICES
from stack.dev_tokens import DevTokens
from stack.files import mutex
from stack.kafka import Kafka
from stack.mongod import Mongod
from stack.ports import HOST, Ports
from stack.processes import Child, print_stderr
from stack.services import Secrets
from stack.tools import REPOSITORY, Tools

DEFAULT_STATE = REPOSITORY / ".state" / "run"


@dataclass(frozen=True)
class ProcessStatus:
    """Name, address, pid (None when it does not run) and log file of one process."""

    name: str
    address: str
    pid: int | None
    log: str


class StateFolder:
    """The processes of one state folder, whether this command or an earlier one started them."""

    def __init__(self, root: Path = DEFAULT_STATE) -> None:
        """Takes the state folder; nothing is created before a process starts."""
        self.root = root.resolve()
        self.secrets = Secrets(self.root / "secrets")
        self.mails = self.root / "mailbox" / "mails"

    @property
    def kafka(self) -> Kafka:
        """The broker."""
        return Kafka(self.root / "kafka", Tools.find())

    @property
    def mongod(self) -> Mongod:
        """The database server."""
        return Mongod(self.root / "mongod", Tools.find())

    @property
    def mailbox(self) -> Child:
        """The mail server's process."""
        return Child("mailbox", self.root / "mailbox")

    @property
    def issuer(self) -> Child:
        """The development issuer's process."""
        return Child("issuer", self.root / "issuer")

    @property
    def watcher(self) -> Child:
        """The watcher's process."""
        return Child("watcher", self.root / "watcher")

    @property
    def gateway(self) -> Child:
        """The gateway's process."""
        return Child("gateway", self.root / "gateway")

    @property
    def public_url(self) -> str:
        """The one address of all pages and public APIs."""
        return f"http://{HOST}:{Ports(self.gateway.folder)['http']}"

    @property
    def supervisor(self) -> Child:
        """The supervisor's process."""
        return Child("supervisor", self.root / "supervisor")

    @property
    def failure_file(self) -> Path:
        """The file with the reason for which the supervisor gave up; exists only then."""
        return self.supervisor.folder / "gave-up"

    def service(self, name: str, ordinal: int = 0) -> Child:
        """The process of a service."""
        return Child(f"{name}-{ordinal}", self.root / "services" / f"{name}-{ordinal}")

    @property
    def issuer_url(self) -> str:
        """The URL of the development issuer, which is also its `iss`."""
        return f"http://{HOST}:{Ports(self.issuer.folder)['http']}"

    def dev_tokens(self) -> DevTokens:
        """The access tokens of all roles."""
        return DevTokens.read(self.issuer_url, self.secrets.clients)

    def required_processes(self) -> list[Child]:
        """The processes that a service needs to be ready, and the services."""
        return [*self.engine_processes(), self.mailbox, self.issuer, *map(self.service, SERVICES)]

    def engine_processes(self) -> list[Child]:
        """The processes of the engines."""
        return [self._child("kafka"), self._child("mongod")]

    def stopped_processes(self) -> list[Child]:
        """The processes of a whole system that do not run."""
        whole = (*self.required_processes(), self.gateway, self.watcher)
        return [child for child in whole if not child.alive()]

    def url(self, name: str, ordinal: int = 0) -> str:
        """The base URL of a service process."""
        return f"http://{HOST}:{Ports(self.service(name, ordinal).folder)['http']}"

    def addresses(self) -> dict[str, str]:
        """The addresses of all parts, running or not."""
        return {
            "gateway": self.public_url,
            "kafka": self.kafka.address,
            "mongod": self.mongod.address,
            "mailbox": f"{HOST}:{Ports(self.mailbox.folder)['smtp']}",
            "mails": str(self.mails),
            "lmtp": f"{HOST}:{Ports(self.service('intake').folder)['lmtp']}",
            "issuer": self.issuer_url,
            "clients": str(self.secrets.clients),
            "watcher": f"http://{HOST}:{Ports(self.watcher.folder)['http']}",
        } | {name: self.url(name) for name in SERVICES}

    def statuses(self) -> list[ProcessStatus]:
        """The status of every process that runs or belongs to a whole system."""
        found = self.addresses()
        children, statuses = [self.gateway, *self.required_processes(), self.watcher], []
        children += [child for child in self._service_children() if child not in children]
        for child in children:
            name, _, ordinal = child.name.partition("-")
            where = found[name] if ordinal in ("", "0") else self.url(name, int(ordinal))
            statuses.append(ProcessStatus(child.name, where, child.pid(), str(child.log)))
        if pid := self.supervisor.pid():
            statuses.append(ProcessStatus("supervisor", "", pid, str(self.supervisor.log)))
        return statuses

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of this state folder, so that one command at a time starts or stops processes."""
        waiting = f"Another command starts or stops processes in {self.root}: waiting for it."
        with mutex(self.root / "lock", lambda: print_stderr(waiting)):
            yield

    def _child(self, engine: str) -> Child:
        # Needs no tools: processes can be stopped even when the tools were removed.
        return Child(engine, self.root / engine)

    def _service_children(self) -> list[Child]:
        folders = sorted((self.root / "services").glob("*-*"), reverse=True)
        return [Child(folder.name, folder) for folder in folders]
