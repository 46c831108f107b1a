"""Where the engines' programs are, and whether this machine can run them."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stack.processes import StackError

REPOSITORY = Path(__file__).resolve().parents[3]
ROOM = 1024**3
KAFKA = "kafka-4.3.1"
MONGOD = "mongod-6.0.5"


def base_environment() -> dict[str, str]:
    """What every child may know of the shell that started it, and nothing more."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CI") if name in os.environ}
    # Java writes file names in the encoding of the locale: in any other than this, a name with an accent is another.
    return {"PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"} | passed


def check_room(folder: Path) -> None:
    """Refuses to start engines that would soon fill the disk."""
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise StackError(
            f"{free / ROOM:.1f} GiB of disk are free under {folder} and 1 GiB is needed: make room first."
        )


@dataclass(frozen=True)
class Tls:
    """What an engine shows and trusts: a PEM file of its key and certificate, and one of the authority behind it."""

    certificate: Path
    ca: Path


@dataclass(frozen=True)
class Tools:
    """The programs that `make setup` leaves."""

    java: Path
    kafka: Path
    mongod: Path

    @property
    def archive(self) -> Path:
        """The broker's classes as the JVM maps them: halves its start, and is not missed when absent or stale."""
        return self.kafka.with_name(f"{self.kafka.name}.jsa")

    @classmethod
    def find(cls, root: Path = REPOSITORY) -> Self:
        """The tools of this repository, or the sentence that says which is missing."""
        if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64", "amd64"):
            raise StackError(
                "The local stack runs on x86-64 Linux only: use `docker compose up` on this machine."
            )
        folder = root / ".state" / "tools"
        own = os.environ.get("ASCOLTO_MONGOD")
        tools = cls(folder / "java", folder / KAFKA, Path(own) if own else folder / MONGOD / "mongod")
        for name, path in (("Java", tools.java), ("Apache Kafka", tools.kafka), ("mongod", tools.mongod)):
            if not path.exists():
                raise StackError(f"{name} is missing at {path}: run `make setup`.")
        return tools
