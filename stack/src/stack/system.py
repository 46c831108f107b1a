"""Starts and stops the engines, the mailbox, the issuer, the gateway, the services and the watcher of a state folder."""

import json
import os
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
from stack.tools import base_environment, check_free_space

READY_SECONDS = 60.0


class System(StateFolder):
    """Starts and stops the processes of a state folder; what already runs is left running."""

    def start_engines(self) -> None:
        """Starts Kafka and MongoDB if they do not run; returns when both are ready.

        Restarts an engine that terminates meanwhile; raises StackError when one fails too often in a row.
        """
        converge(self.bring_up_engines)

    def bring_up_engines(self) -> None:
        """Starts the engines that do not run; raises ProcessFailedError when one terminates meanwhile."""
        check_path(self.root)
        self.root.mkdir(parents=True, exist_ok=True)
        check_free_space(self.root)
        self.mongod.launch()
        self.kafka.launch()
        self.mongod.wait_ready()
        self.kafka.wait_ready()

    def stop_engines(self) -> None:
        """Stops Kafka and MongoDB; their data are kept."""
        for child in self.engine_processes():
            child.stop(deadline=30.0)

    def start_mailbox(self) -> None:
        """Starts the mailbox if it does not run; returns when it accepts mail."""
        if self.mailbox.alive():
            return
        port = Ports(self.mailbox.folder).claim("smtp")
        command = [sys.executable, "-m", "stack.mailbox", "--port", str(port), "--folder", str(self.mails)]
        self.mailbox.start(command, base_environment())
        self.mailbox.wait_until(lambda: answers(port), READY_SECONDS)

    def launch_issuer(self) -> None:
        """Starts the development issuer if it does not run; returns before it is ready."""
        self.secrets.make()
        if is_current(self.issuer, fingerprint_of(self.secrets.clients.read_text())):
            return
        port = Ports(self.issuer.folder).claim("http")
        command = [sys.executable, "-m", "stack.issuer", "--stage", "development", "--port", str(port)]
        places = ["--key", str(self.secrets.folder / "issuer.key"), "--clients", str(self.secrets.clients)]
        self.issuer.start([*command, *places], base_environment())

    def start_issuer(self) -> None:
        """Starts the development issuer if it does not run; returns when it is ready."""
        self.launch_issuer()
        port = Ports(self.issuer.folder)["http"]
        self.issuer.wait_until(lambda: answers(port), READY_SECONDS)

    def launch_gateway(self) -> None:
        """Starts the gateway if it does not run; returns before it is ready."""
        if self.gateway.alive():
            return
        port = Ports(self.gateway.folder).claim("http")
        command = [sys.executable, "-m", "stack.gateway", "--port", str(port), "--state", str(self.root)]
        self.gateway.start(command, base_environment())

    def start_gateway(self) -> None:
        """Starts the gateway if it does not run; returns when it accepts requests."""
        self.launch_gateway()
        port = Ports(self.gateway.folder)["http"]
        self.gateway.wait_until(lambda: answers(port), READY_SECONDS)

    def provision(self) -> None:
        """Creates missing topics, and sets the users and rights of the permissions table."""
        command = [sys.executable, "-m", "ops.provision"]
        folder = str(self.kafka.passwords.folder)
        env = base_environment() | {"ASCOLTO_KAFKA": self.kafka.address, "ASCOLTO_SECRETS": folder}
        env["ASCOLTO_REPLICAS"] = str(len(self.kafka.folders))
        run_job("The provisioning of Kafka's topics, users and rights", command, env, self.kafka.child)

    def launch_service(self, name: str, ordinal: int = 0, extra_env: Mapping[str, str] | None = None) -> None:
        """Starts a service process if it does not run; returns before it is ready."""
        if name not in SERVICES:
            raise StackError(f"Unknown service {name}: choose one of {', '.join(SERVICES)}.")
        child, dependencies = self.service(name, ordinal), self._dependencies(name)
        if is_current(child, dependencies.fingerprint()):
            return
        self.secrets.make()
        ports = Ports(child.folder)
        mail = {"INTAKE_MAIL_PORT": str(ports.claim("lmtp"))} if name == "intake" else {}
        env = environment(name, ordinal, ports.claim("http"), dependencies, mail | dict(extra_env or {}))
        child.start([sys.executable, "-m", name], env)

    def start_watcher(self, every: float = 10.0) -> None:
        """Starts the watcher if it does not run; returns when it serves metrics."""
        kafka, mongo = self.kafka.as_user(WATCHER), self.mongod.as_user(WATCHER)
        if is_current(self.watcher, fingerprint_of((kafka, mongo))):
            return
        port = Ports(self.watcher.folder).claim("http")
        env = base_environment() | watcher_environment(kafka, mongo, port, every, self.root / "backups")
        self.watcher.start([sys.executable, "-m", "watcher"], env)
        self.watcher.wait_until(lambda: answers(port), READY_SECONDS)

    def run_beside(self, name: str, words: Sequence[str]) -> int:
        """Runs a command of a service with the environment of the service; returns its exit code."""
        port = Ports(self.service(name).folder)["http"]
        env = environment(name, 0, port, self._dependencies(name), {})
        return subprocess.run([sys.executable, "-m", name, *words], env=env).returncode

    def wait_service(self, name: str, ordinal: int = 0, beside: Sequence[Child] = ()) -> None:
        """Returns when a service process is ready; raises ProcessFailedError when it or one of `beside` terminates."""
        child = self.service(name, ordinal)
        port = Ports(child.folder)["http"]
        child.wait_until(lambda: is_ready(port), READY_SECONDS, beside)

    def start_service(self, name: str, ordinal: int = 0, extra_env: Mapping[str, str] | None = None) -> None:
        """Starts a service process if it does not run; returns when it is ready."""
        self.launch_service(name, ordinal, extra_env)
        self.wait_service(name, ordinal)

    def stop_service(self, name: str, ordinal: int = 0) -> None:
        """Stops a service process with SIGTERM."""
        self.service(name, ordinal).stop()

    def kill_service(self, name: str, ordinal: int = 0) -> None:
        """Kills a service process with SIGKILL."""
        self.service(name, ordinal).kill()

    def start(self, supervised: bool = False) -> None:
        """Starts all processes that do not run; returns when all are ready.

        With `supervised`, starts a supervisor that restarts terminated processes. Raises StackError when a process fails
        too often in a row.
        """
        check_path(self.root)
        with self.locked():
            converge(self.bring_up)
            self.failure_file.unlink(missing_ok=True)
            if supervised and not self.supervisor.alive():
                command = [sys.executable, "-m", "stack.supervisor", "--state", str(self.root)]
                self.supervisor.start(command, base_environment())

    def bring_up(self) -> None:
        """Starts all processes that do not run; raises ProcessFailedError when one terminates or makes no progress."""
        self.launch_issuer()
        self.launch_gateway()
        self.bring_up_engines()
        self.start_mailbox()
        self.start_issuer()
        if not all(self.service(name).alive() for name in SERVICES):
            self.provision()
        for name in SERVICES:
            self.launch_service(name)
        for name in SERVICES:
            self.wait_service(name, beside=self.required_processes())
        self.start_gateway()
        self.start_watcher()
        if gone := self.stopped_processes():
            raise gone[0].failed("ended before everything was ready")
        write_atomically(self.root / "addresses.json", json.dumps(self.addresses(), indent=1) + "\n")

    def stop(self) -> None:
        """Stops all processes of this state folder, the supervisor first, because it would restart the others."""
        if not self.root.exists():
            return
        self.supervisor.stop()
        with self.locked():
            self.supervisor.stop()
            running = [child for child in self._service_children() if child.alive()]
            for child in running:
                child.ask_to_stop()
            for child in (self.gateway, *running, self.watcher, self.mailbox, self.issuer):
                child.stop()
            self.stop_engines()

    def _dependencies(self, name: str) -> Dependencies:
        return Dependencies(
            kafka=self.kafka.as_user(name),
            mongo=self.mongod.as_user(name),
            smtp_port=Ports(self.mailbox.folder)["smtp"],
            intake_port=Ports(self.service("intake").folder)["http"],
            public_url=self.public_url,
            issuer=self.issuer_url,
            secrets=self.secrets,
            traces=os.environ.get("ASCOLTO_OTLP_ENDPOINT", ""),
        )
