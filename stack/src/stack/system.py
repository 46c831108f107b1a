"""The engines, the mailbox and the four services as processes under one state folder."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.permissions import SERVICES, WATCHER
from stack.badges import Badges
from stack.files import alone, write_whole
from stack.kafka import Kafka
from stack.mongod import Mongod
from stack.places import check_place
from stack.ports import HOST, Ports, answers
from stack.processes import Child, StackError, say
from stack.recovery import converge, run_job
from stack.services import Secrets, Surroundings, environment, knows, mark_of, says_ready, watcher_environment
from stack.tools import REPOSITORY, Tools, base_environment, check_room

DEFAULT_STATE = REPOSITORY / ".state" / "run"
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Standing:
    """How one process stands."""

    name: str
    address: str
    pid: int | None
    log: str


class System:
    """All processes of one state folder; what runs already is found again by any later command."""

    def __init__(self, root: Path = DEFAULT_STATE) -> None:
        """Names the state folder; nothing is touched before something starts."""
        self.root = root.resolve()
        self.secrets = Secrets(self.root / "secrets")
        self.mails = self.root / "mailbox" / "mails"

    @property
    def kafka(self) -> Kafka:
        """The broker."""
        return Kafka(self.root / "kafka", Tools.find())

    @property
    def mongod(self) -> Mongod:
        """The store."""
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
        """The process that sees engines and consumers from outside."""
        return Child("watcher", self.root / "watcher")

    @property
    def supervisor(self) -> Child:
        """The process that starts again what ends."""
        return Child("supervisor", self.root / "supervisor")

    @property
    def gave_up(self) -> Path:
        """Says why the supervisor ended by itself; not there unless it did."""
        return self.supervisor.folder / "gave-up"

    def service(self, name: str, ordinal: int = 0) -> Child:
        """One service's process."""
        return Child(f"{name}-{ordinal}", self.root / "services" / f"{name}-{ordinal}")

    def start_engines(self) -> None:
        """Starts Kafka and MongoDB side by side unless they live, and returns when both answer.

        What ends meanwhile is started again; raises StackError when one fails too often in a row.
        """
        converge(self.bring_up_engines)

    def bring_up_engines(self) -> None:
        """Starts what does not run of the engines, once; raises ProcessFailedError when one ends meanwhile."""
        check_place(self.root)
        self.root.mkdir(parents=True, exist_ok=True)
        check_room(self.root)
        self.mongod.launch()
        self.kafka.launch()
        self.mongod.wait_ready()
        self.kafka.wait_ready()

    def stop_engines(self) -> None:
        """Ends Kafka and MongoDB in order; their data stay."""
        for child in self.engine_processes():
            child.stop(deadline=30.0)

    def start_mailbox(self) -> None:
        """Starts the mail server unless it lives, and returns when it takes mail."""
        if self.mailbox.alive():
            return
        port = Ports(self.mailbox.folder).claim("smtp")
        command = [sys.executable, "-m", "stack.mailbox", "--port", str(port), "--folder", str(self.mails)]
        self.mailbox.start(command, base_environment())
        self.mailbox.wait_until(lambda: answers(port), READY_SECONDS)

    def launch_issuer(self) -> None:
        """Starts the development issuer unless it lives, and returns before it answers."""
        if self.issuer.alive():
            return
        self.secrets.make()
        port = Ports(self.issuer.folder).claim("http")
        command = [sys.executable, "-m", "stack.issuer", "--stage", "development", "--port", str(port)]
        places = ["--key", str(self.secrets.folder / "issuer.key"), "--clients", str(self.secrets.clients)]
        self.issuer.start([*command, *places], base_environment())

    def start_issuer(self) -> None:
        """Starts the development issuer unless it lives, and returns when it answers."""
        self.launch_issuer()
        port = Ports(self.issuer.folder)["http"]
        self.issuer.wait_until(lambda: answers(port), READY_SECONDS)

    @property
    def issuer_url(self) -> str:
        """Where the development issuer answers, which is also its name."""
        return f"http://{HOST}:{Ports(self.issuer.folder)['http']}"

    def badges(self) -> Badges:
        """The tokens of every role."""
        return Badges.read(self.issuer_url, self.secrets.clients)

    def provision(self) -> None:
        """Creates the topics that are missing, and gives everybody the rights of the table."""
        command = [sys.executable, "-m", "ops.provision"]
        folder = str(self.kafka.passwords.folder)
        env = base_environment() | {"ASCOLTO_KAFKA": self.kafka.address, "ASCOLTO_SECRETS": folder}
        env["ASCOLTO_REPLICAS"] = str(len(self.kafka.folders))
        run_job("The provisioning of Kafka's topics, users and rights", command, env, self.kafka.child)

    def launch_service(self, name: str, ordinal: int = 0, extra_env: Mapping[str, str] | None = None) -> None:
        """Starts one service process unless it lives, and returns before it is ready."""
        if name not in SERVICES:
            raise StackError(f"There is no service {name}: choose one of {', '.join(SERVICES)}.")
        child, around = self.service(name, ordinal), self._surroundings(name)
        if knows(child, around.mark()):
            return
        self.secrets.make()
        port = Ports(child.folder).claim("http")
        child.start([sys.executable, "-m", name], environment(name, ordinal, port, around, extra_env or {}))

    def start_watcher(self, every: float = 10.0) -> None:
        """Starts the watcher unless it lives, and returns when it shows metrics."""
        kafka, mongo = self.kafka.as_user(WATCHER), self.mongod.as_user(WATCHER)
        if knows(self.watcher, mark_of((kafka, mongo))):
            return
        port = Ports(self.watcher.folder).claim("http")
        env = base_environment() | watcher_environment(kafka, mongo, port, every, self.root / "backups")
        self.watcher.start([sys.executable, "-m", "watcher"], env)
        self.watcher.wait_until(lambda: answers(port), READY_SECONDS)

    def run_beside(self, name: str, words: Sequence[str]) -> int:
        """Runs another program of a service with the surroundings that the service has."""
        port = Ports(self.service(name).folder)["http"]
        env = environment(name, 0, port, self._surroundings(name), {})
        return subprocess.run([sys.executable, "-m", name, *words], env=env).returncode

    def wait_service(self, name: str, ordinal: int = 0, beside: Sequence[Child] = ()) -> None:
        """Returns when one service process says that it is ready; raises ProcessFailedError when it or one beside ends."""
        child = self.service(name, ordinal)
        port = Ports(child.folder)["http"]
        child.wait_until(lambda: says_ready(port), READY_SECONDS, beside)

    def start_service(self, name: str, ordinal: int = 0, extra_env: Mapping[str, str] | None = None) -> None:
        """Starts one service process unless it lives, and returns when it is ready."""
        self.launch_service(name, ordinal, extra_env)
        self.wait_service(name, ordinal)

    def stop_service(self, name: str, ordinal: int = 0) -> None:
        """Ends one service process in order."""
        self.service(name, ordinal).stop()

    def kill_service(self, name: str, ordinal: int = 0) -> None:
        """Ends one service process as a crash would."""
        self.service(name, ordinal).kill()

    def start(self, supervised: bool = False) -> None:
        """Starts whatever does not run yet, again when it ends meanwhile, and returns when all of it is ready.

        Supervised, a process of its own goes on starting again what ends. Raises StackError when one process fails too
        often in a row.
        """
        check_place(self.root)
        with self.exclusively():
            converge(self.bring_up)
            self.gave_up.unlink(missing_ok=True)
            if supervised and not self.supervisor.alive():
                command = [sys.executable, "-m", "stack.supervisor", "--state", str(self.root)]
                self.supervisor.start(command, base_environment())

    def bring_up(self) -> None:
        """Starts whatever does not run, once; raises ProcessFailedError when a process ends or stands still meanwhile."""
        self.launch_issuer()
        self.bring_up_engines()
        self.start_mailbox()
        self.start_issuer()
        if not all(self.service(name).alive() for name in SERVICES):
            self.provision()
        for name in SERVICES:
            self.launch_service(name)
        for name in SERVICES:
            self.wait_service(name, beside=self.whole())
        self.start_watcher()
        if gone := self.ended():
            raise gone[0].failed("ended before everything was ready")
        write_whole(self.root / "addresses.json", json.dumps(self.addresses(), indent=1) + "\n")

    def whole(self) -> list[Child]:
        """What a service needs to be ready, and the services themselves."""
        return [*self.engine_processes(), self.mailbox, self.issuer, *map(self.service, SERVICES)]

    def engine_processes(self) -> list[Child]:
        """The processes of the engines."""
        return [self._child("kafka"), self._child("mongod")]

    def ended(self) -> list[Child]:
        """The processes of a whole system that do not run."""
        return [child for child in (*self.whole(), self.watcher) if not child.alive()]

    def stop(self) -> None:
        """Ends everything that was started here and nothing else, the supervisor first: it would start the rest again."""
        if not self.root.exists():
            return
        self.supervisor.stop()
        with self.exclusively():
            self.supervisor.stop()
            running = [child for child in self._service_children() if child.alive()]
            for child in running:
                child.ask_to_stop()
            for child in (*running, self.watcher, self.mailbox, self.issuer):
                child.stop()
            self.stop_engines()

    def url(self, name: str, ordinal: int = 0) -> str:
        """Where one service process answers."""
        return f"http://{HOST}:{Ports(self.service(name, ordinal).folder)['http']}"

    def addresses(self) -> dict[str, str]:
        """Where everything is, whether it runs or not."""
        return {
            "kafka": self.kafka.address,
            "mongod": self.mongod.address,
            "mailbox": f"{HOST}:{Ports(self.mailbox.folder)['smtp']}",
            "mails": str(self.mails),
            "issuer": self.issuer_url,
            "clients": str(self.secrets.clients),
            "watcher": f"http://{HOST}:{Ports(self.watcher.folder)['http']}",
        } | {name: self.url(name) for name in SERVICES}

    def standings(self) -> list[Standing]:
        """How every process stands that runs or belongs to a whole system."""
        found = self.addresses()
        children, standings = [*self.whole(), self.watcher], []
        children += [child for child in self._service_children() if child not in children]
        for child in children:
            name, _, ordinal = child.name.partition("-")
            where = found[name] if ordinal in ("", "0") else self.url(name, int(ordinal))
            standings.append(Standing(child.name, where, child.pid(), str(child.log)))
        if pid := self.supervisor.pid():
            standings.append(Standing("supervisor", "", pid, str(self.supervisor.log)))
        return standings

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Lets one command at a time change what runs here."""
        waiting = f"Another command changes what runs in {self.root}: waiting for it."
        with alone(self.root / "lock", lambda: say(waiting)):
            yield

    def _child(self, engine: str) -> Child:
        # Needs no tools: what runs can be ended even when they were removed.
        return Child(engine, self.root / engine)

    def _service_children(self) -> list[Child]:
        folders = sorted((self.root / "services").glob("*-*"), reverse=True)
        return [Child(folder.name, folder) for folder in folders]

    def _surroundings(self, name: str) -> Surroundings:
        return Surroundings(
            kafka=self.kafka.as_user(name),
            mongo=self.mongod.as_user(name),
            smtp_port=Ports(self.mailbox.folder)["smtp"],
            intake_port=Ports(self.service("intake").folder)["http"],
            issuer=self.issuer_url,
            secrets=self.secrets,
        )
