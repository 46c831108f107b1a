"""The engines, the mailbox and the four services as processes under one state folder."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from contracts.permissions import SERVICES, WATCHER
from stack.files import write_atomically
from stack.paths import check_path
from stack.ports import Ports, answers
from stack.processes import Child, StackError
from stack.recovery import converge, run_job
from stack.services import (
    Dependencies,
    environment,
    fingerprint_of,
    is_current,
    is_ready,
    watcher_environment,
)
from stack.state_folder import StateFolder
from stack.tools import base_environment, check_room

READY_SECONDS = 60.0


class System(StateFolder):
    """Starts and stops the processes of a state folder; what already runs is left running."""

    def start_engines(self) -> None:
        """Starts Kafka and MongoDB side by side unless they live, and returns when both answer.

        What ends meanwhile is started again; raises StackError when one fails too often in a row.
        """
        converge(self.bring_up_engines)

    def bring_up_engines(self) -> None:
        """Starts what does not run of the engines, once; raises ProcessFailedError when one ends meanwhile."""
        check_path(self.root)
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
        child, dependencies = self.service(name, ordinal), self._dependencies(name)
        if is_current(child, dependencies.fingerprint()):
            return
        self.secrets.make()
        port = Ports(child.folder).claim("http")
        child.start(
            [sys.executable, "-m", name], environment(name, ordinal, port, dependencies, extra_env or {})
        )

    def start_watcher(self, every: float = 10.0) -> None:
        """Starts the watcher unless it lives, and returns when it shows metrics."""
        kafka, mongo = self.kafka.as_user(WATCHER), self.mongod.as_user(WATCHER)
        if is_current(self.watcher, fingerprint_of((kafka, mongo))):
            return
        port = Ports(self.watcher.folder).claim("http")
        env = base_environment() | watcher_environment(kafka, mongo, port, every, self.root / "backups")
        self.watcher.start([sys.executable, "-m", "watcher"], env)
        self.watcher.wait_until(lambda: answers(port), READY_SECONDS)

    def run_beside(self, name: str, words: Sequence[str]) -> int:
        """Runs another program of a service with the surroundings that the service has."""
        port = Ports(self.service(name).folder)["http"]
        env = environment(name, 0, port, self._dependencies(name), {})
        return subprocess.run([sys.executable, "-m", name, *words], env=env).returncode

    def wait_service(self, name: str, ordinal: int = 0, beside: Sequence[Child] = ()) -> None:
        """Returns when one service process says that it is ready; raises ProcessFailedError when it or one beside ends."""
        child = self.service(name, ordinal)
        port = Ports(child.folder)["http"]
        child.wait_until(lambda: is_ready(port), READY_SECONDS, beside)

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
        check_path(self.root)
        with self.locked():
            converge(self.bring_up)
            self.failure_file.unlink(missing_ok=True)
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
            self.wait_service(name, beside=self.required_processes())
        self.start_watcher()
        if gone := self.stopped_processes():
            raise gone[0].failed("ended before everything was ready")
        write_atomically(self.root / "addresses.json", json.dumps(self.addresses(), indent=1) + "\n")

    def stop(self) -> None:
        """Ends everything that was started here and nothing else, the supervisor first: it would start the rest again."""
        if not self.root.exists():
            return
        self.supervisor.stop()
        with self.locked():
            self.supervisor.stop()
            running = [child for child in self._service_children() if child.alive()]
            for child in running:
                child.ask_to_stop()
            for child in (*running, self.watcher, self.mailbox, self.issuer):
                child.stop()
            self.stop_engines()

    def _dependencies(self, name: str) -> Dependencies:
        return Dependencies(
            kafka=self.kafka.as_user(name),
            mongo=self.mongod.as_user(name),
            smtp_port=Ports(self.mailbox.folder)["smtp"],
            intake_port=Ports(self.service("intake").folder)["http"],
            issuer=self.issuer_url,
            secrets=self.secrets,
        )
