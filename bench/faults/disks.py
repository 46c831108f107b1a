"""Full disks: the engines' data lie on small file systems in memory, a ballast takes what is left, and gives it back."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.faults.ground import Ground
from bench.faults.stand import Stand
from stack.kafka import Kafka
from stack.mongod import Mongod
from stack.processes import StackError

MEGABYTES = {"kafka": 700, "mongod": 1_500}
LATE_SECONDS = 3.0
HOW = "small file systems cannot be mounted here: run it as root"


@contextmanager
def small_disks(root: Path) -> Iterator[None]:
    """The data folders of a state folder are small file systems for a while, where that can be."""
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


def fill_disk(ground: Ground) -> None:
    """F10: the disk of the broker or of mongod is full, and then it is not."""
    name = ground.rng.choice(sorted(MEGABYTES))
    folder = ground.stand.root / name / "data"
    if not os.path.ismount(folder):
        ground.skip("F10", HOW)
        return
    ballast, engine = folder / "ballast", _engine(ground.stand, name)
    with ground.fault("F10", f"no space left for {name}") as fault:
        _take_all(ballast)
        end = time.monotonic() + ground.rng.uniform(5, 10)
        while engine.child.alive() and time.monotonic() < end:
            time.sleep(0.1)
            _take_all(ballast)
        died = not engine.child.alive()
        ballast.unlink()
        fault.heal()
        fault.what += ", it ended" if died else ", it lived on"
        _keep_up(engine)


def _keep_up(engine: Kafka | Mongod) -> None:
    """Start it as often as it ends: one that could not write may notice only now."""
    end = time.monotonic() + LATE_SECONDS
    while time.monotonic() < end:
        with suppress(StackError):
            engine.start()
        time.sleep(0.2)
    engine.start()


def _engine(stand: Stand, name: str) -> Kafka | Mongod:
    return stand.kafka if name == "kafka" else stand.mongod


def _take_all(ballast: Path) -> None:
    """What is free now is taken, unless the engine was quicker: then it is tried again soon."""
    with ballast.open("ab") as file, suppress(OSError):
        free = os.statvfs(ballast)
        if size := free.f_bavail * free.f_frsize:
            os.posix_fallocate(file.fileno(), file.tell(), size)
