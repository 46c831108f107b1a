"""Provides a Docker Engine: the one that runs, or a temporary one."""

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
# The errors of a kernel or sandbox that does not allow an engine; any other error is a failure.
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
    """Runs its block with an engine.

    Raises NoEngine when a program is missing, CannotRunHere when the machine does not allow an engine.
    """
    if not fails(["docker", "version"]):
        log_step(f"Docker Engine {_version()} is already running")
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
        log_step(f"Docker Engine {_version()} was started")
        yield
    finally:
        daemon.terminate()
        daemon.wait(60)


def _version() -> str:
    return run(["docker", "version", "--format", "{{.Server.Version}}"]).strip()


def _equip() -> None:
    """Installs the programs of an engine."""
    if os.geteuid() != 0:
        raise NoEngine(
            "no Docker Engine responds, and only root can start one: start it, or run this as root once"
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
            errors = "\n".join(_last_words(LOG))
            what = "dockerd ended at once" if daemon.poll() is not None else "dockerd does not respond"
            kind = CannotRunHere if is_refusal(errors) else StepError
            raise kind(f"{what}:\n{errors}")
        time.sleep(0.2)


def is_refusal(errors: str) -> bool:
    """Tells whether an error means that the machine does not allow an engine."""
    return any(word in errors.lower() for word in REFUSALS)


def _last_words(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if "level=info" not in line][-4:]
