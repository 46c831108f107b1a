"""A Docker Engine for as long as it is needed: the one that runs, or one of ours that ends again."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.machine import CannotSetUpError, install
from tests.compose.commands import STATE, CannotRunHere, NoEngine, StepError, fails, log_step, run

SECONDS = 60.0
LOG = STATE / "dockerd.log"
# What a kernel or a sandbox says that does not let an engine run; anything else is a fault to mend.
REFUSALS = (
    "operation not permitted",
    "permission denied",
    "not supported",
    "no such device",
    "cgroup mountpoint does not exist",
    "read-only file system",
    "iptables",
)


@contextmanager
def engine() -> Iterator[None]:
    """Lets the inside use an engine.

    Raises NoEngine when something is missing that could be given, CannotRunHere when the machine allows none.
    """
    if not fails(["docker", "version"]):
        log_step(f"Docker Engine {_version()} runs already and is left running")
        yield
        return
    _equip()
    STATE.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        daemon = subprocess.Popen(
            ["dockerd", "--data-root", STATE / "docker"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(daemon)
        log_step(f"Docker Engine {_version()} was started and will be ended")
        yield
    finally:
        daemon.terminate()
        daemon.wait(60)


def _version() -> str:
    return run(["docker", "version", "--format", "{{.Server.Version}}"]).strip()


def _equip() -> None:
    """Leaves the programs of an engine on this machine."""
    if os.geteuid() != 0:
        raise NoEngine(
            "no Docker Engine answers, and only root can start one: start it, or run this as root once"
        )
    for program, package in (
        ("dockerd", "docker.io"),
        ("iptables", "iptables"),
        ("docker", "docker-cli"),
        ("debootstrap", "debootstrap"),
    ):
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            try:
                install(f"{program}, which containers need,", package)
            except CannotSetUpError as error:
                raise NoEngine(str(error)) from error


def _wait(daemon: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + SECONDS
    while fails(["docker", "version"]):
        if daemon.poll() is not None or time.monotonic() > end:
            said = "\n".join(_last_words(LOG))
            what = "dockerd ended at once" if daemon.poll() is not None else "dockerd does not answer"
            kind = CannotRunHere if is_refusal(said) else StepError
            raise kind(f"{what}:\n{said}")
        time.sleep(0.2)


def is_refusal(said: str) -> bool:
    """Tells whether the machine, and no mistake, keeps an engine from running."""
    return any(word in said.lower() for word in REFUSALS)


def _last_words(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if "level=info" not in line][-4:]
