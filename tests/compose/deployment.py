"""The deployment under test: docker-compose.yml unchanged, as a separate project with its own secrets and ports."""

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.compose.commands import ROOT, StepError, run

from contracts.permissions import SERVICES

# A project and a network other than those of an installation on this machine.
PROJECT = "ascolto-trial"
NETWORK = "172.16.78.0/24"
BINARY = Path(sysconfig.get_path("scripts")) / "docker-compose"
FILES = ("docker-compose.yml", "tests/compose/trial.yml")
FIRST, SECOND = "trial-1", "trial-2"
OURS = (*SERVICES, "provision", "watcher", "issuer")
WATCHING = ("watcher", "prometheus", "alertmanager")
LONG_RUNNING = ("kafka", "mongo", *SERVICES, "inbound", "gateway", "mailbox", "issuer", *WATCHING)
PORTS = (
    "ASCOLTO_PORT",
    "MAILBOX_PORT",
    "ISSUER_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "GRAFANA_PORT",
    "ASCOLTO_LMTP_PORT",
)
READY_SECONDS = 120.0
TRIES, PAUSE_SECONDS = 15, 2.0


def free_port() -> int:
    """A free loopback port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clear() -> None:
    """Removes containers, volumes and networks of former tests by the project label."""
    mine = f"label=com.docker.compose.project={PROJECT}"
    for listed, removed in (
        (["ps", "--all", "--quiet"], ["rm", "--force"]),
        (["volume", "ls", "--quiet"], ["volume", "rm"]),
        (["network", "ls", "--quiet"], ["network", "rm"]),
    ):
        _remove([*listed, "--filter", mine], removed)


def _remove(listed: Sequence[str], removed: Sequence[str]) -> None:
    def once() -> None:
        if found := run(["docker", *listed]).split():
            run(["docker", *removed, *found])

    retrying(once)


def retrying(remove: Callable[[], object]) -> None:
    """Retries a removal: the daemon releases a network some time after its last container is removed."""
    for tries_left in reversed(range(TRIES)):
        try:
            remove()
            return
        except StepError:
            if not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)


@dataclass(frozen=True)
class Deployment:
    """One installation: the folder of its `.env` and secrets, and its Compose files."""

    folder: Path
    files: tuple[str, ...] = FILES

    def prepare(self) -> None:
        """Creates `.env` and the secrets as an installation does, with free ports."""
        script = ROOT / "deploy" / "compose" / "secrets.py"
        run([sys.executable, script, "--folder", self.secrets, "--env", self.env_file])
        ports = {name: str(free_port()) for name in PORTS}
        own = {
            "ASCOLTO_SECRETS": str(self.secrets),
            "ASCOLTO_VERSION": FIRST,
            "ASCOLTO_PUBLIC_URL": f"http://127.0.0.1:{ports['ASCOLTO_PORT']}",
            "ASCOLTO_ISSUER": f"http://127.0.0.1:{ports['ISSUER_PORT']}",
            "COMPOSE_PROFILES": "dev,observability,mail",
            "ASCOLTO_MAIL_ADDRESS": "segnalazioni@ascolto.example",
            "GATEWAY_NETWORK": NETWORK,
        }
        self.put(ports | own)
        # `docker compose` runs the pinned binary of the virtual environment.
        plugin = self.folder / ".docker" / "cli-plugins" / "docker-compose"
        plugin.parent.mkdir(parents=True)
        plugin.symlink_to(BINARY)

    @property
    def secrets(self) -> Path:
        """The folder of secrets."""
        return self.folder / "secrets"

    @property
    def env_file(self) -> Path:
        """The file `.env`."""
        return self.folder / ".env"

    def put(self, values: Mapping[str, str]) -> None:
        """Sets variables in `.env`; other lines are kept."""
        lines = self.env_file.read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in values]
        self.env_file.write_text(
            "\n".join([*kept, *(f"{name}={value}" for name, value in values.items())]) + "\n"
        )

    def value(self, name: str) -> str:
        """The value of a variable in `.env`."""
        rows = (line.partition("=") for line in self.env_file.read_text().splitlines())
        return next(value for key, _, value in rows if key == name)

    @property
    def url(self) -> str:
        """The public origin."""
        return self.value("ASCOLTO_PUBLIC_URL")

    @property
    def issuer(self) -> str:
        """The URL of the development issuer on this machine."""
        return self.value("ASCOLTO_ISSUER")

    @property
    def prometheus(self) -> str:
        """The URL of Prometheus on this machine."""
        return f"http://127.0.0.1:{self.value('PROMETHEUS_PORT')}"

    @property
    def mailbox(self) -> str:
        """The URL of the mailbox on this machine."""
        return f"http://127.0.0.1:{self.value('MAILBOX_PORT')}"

    def environment(self) -> dict[str, str]:
        """The environment of Compose, without variables that could override `.env`."""
        kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "DOCKER_BUILDKIT": "0",
            "COMPOSE_PROJECT_NAME": PROJECT,
            "COMPOSE_FILE": ":".join(str(ROOT / name) for name in self.files),
            "COMPOSE_ENV_FILES": str(self.env_file),
        }

    def compose(self, *words: str, stdin: bytes | None = None, seconds: float = 600) -> str:
        """Runs a compose command and returns its output; raises StepError when it fails."""
        return run([BINARY, *words], stdin=stdin, env=self.environment(), seconds=seconds)

    def down(self, *more: str) -> None:
        """Removes the containers and networks, with additional options of `down`."""
        retrying(lambda: self.compose("down", *more))

    @cached_property
    def config(self) -> dict[str, Any]:
        """The deployment as Compose resolves it."""
        found: dict[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return found

    def containers(self, service: str) -> list[str]:
        """The container ids of a service, in order of creation."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """The output of `docker inspect` for a container."""
        found: list[dict[str, Any]] = json.loads(run(["docker", "inspect", container]))
        return found[0]

    def crash(self, container: str) -> None:
        """Kills every process in a container but its init with SIGKILL; Docker then restarts it."""
        done = subprocess.run(
            ["docker", "exec", container, "sh", "-c", "kill -KILL -1"], capture_output=True, text=True
        )
        if done.returncode not in (0, 137):
            raise StepError(f"could not crash {container}: {done.stderr.strip()}")

    def wait_ready(self, container: str, seconds: float = READY_SECONDS) -> float:
        """Waits until the container's health check succeeds; returns the seconds that it took."""
        test = self.inspect(container)["Config"]["Healthcheck"]["Test"][1:]
        began = time.monotonic()
        while True:
            done = subprocess.run(["docker", "exec", container, *test], capture_output=True, text=True)
            if done.returncode == 0:
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise StepError(
                    f"{container} is not healthy after {seconds:.0f} s: {done.stderr.strip()[-500:]}"
                )
            time.sleep(0.3)

    def unhealthy(self) -> list[str]:
        """The services that do not run or are not healthy."""
        rows = [json.loads(line) for line in self.compose("ps", "--format", "json").splitlines()]
        running = {row["Service"] for row in rows}
        wanted = [name for name, spec in self.config["services"].items() if "healthcheck" in spec]
        bad = [
            f"{row['Name']} is {row['State']} {row['Health']}" for row in rows if row["Health"] != "healthy"
        ]
        return bad + [f"{name} does not run" for name in wanted if name not in running]
