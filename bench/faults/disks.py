"""Full disks: the engines' data are on small tmpfs mounts; a ballast file takes the free space and releases it."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.faults.context import FaultContext
from bench.faults.environment import Environment
from stack.kafka import Kafka
from stack.mongod import Mongod
from stack.processes import StackError

MEGABYTES = {"kafka": 700, "mongod": 1_500}
LATE_SECONDS = 3.0
HOW = "small file systems cannot be mounted here: run it as root"


@contextmanager
def small_disks(root: Path) -> Iterator[None]:
    """Mount small file systems as the engines' data folders for a while, where that is possible."""
    folders = [root / name / "data" for name in MEGABYTES]
    try:
        for folder, size in zip(folders, MEGABYTES.values(), strict=True):
            if not _mount(folder, size):
                break
        yield
    finally:
        for folder in folders:
            if os.path.ismount(folder):
                subprocess.run(["umount", "-l", str(folder)], capture_output=True)


def _mount(folder: Path, megabytes: int) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0


def fill_disk(context: FaultContext) -> None:
    """F10: the disk of the broker or of mongod is full for a while."""
    name = context.rng.choice(sorted(MEGABYTES))
    folder = context.environment.root / name / "data"
    if not os.path.ismount(folder):
        context.skip("F10", HOW)
        return
    ballast, engine = folder / "ballast", _engine(context.environment, name)
    with context.fault("F10", f"no space left for {name}") as fault:
        _take_all(ballast)
        end = time.monotonic() + context.rng.uniform(5, 10)
        while engine.child.alive() and time.monotonic() < end:
            time.sleep(0.1)
            _take_all(ballast)
        died = not engine.child.alive()
        ballast.unlink()
        fault.heal()
        fault.what += ", it ended" if died else ", it kept running"
        _keep_up(engine)


def _keep_up(engine: Kafka | Mongod) -> None:
    """Restart the engine each time it ends: one that could not write may notice only now."""
    end = time.monotonic() + LATE_SECONDS
    while time.monotonic() < end:
        with suppress(StackError):
            engine.start()
        time.sleep(0.2)
    engine.start()


def _engine(environment: Environment, name: str) -> Kafka | Mongod:
    return environment.kafka if name == "kafka" else environment.mongod


def _take_all(ballast: Path) -> None:
    """Allocate the free space; when the engine is faster, the caller tries again soon."""
    with ballast.open("ab") as file, suppress(OSError):
        free = os.statvfs(ballast)
        if size := free.f_bavail * free.f_frsize:
            os.posix_fallocate(file.fileno(), file.tell(), size)
