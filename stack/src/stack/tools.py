"""The programs of the engines, and the checks of this machine."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stack.processes import StackError

REPOSITORY = Path(__file__).resolve().parents[3]
MIN_FREE_BYTES = 1024**3
KAFKA = "kafka-4.3.1"
MONGOD = "mongod-6.0.5"


def base_environment() -> dict[str, str]:
    """The environment of every child process: a few variables of this shell and fixed ones."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CI") if name in os.environ}
    # Java encodes file names in the locale: another one would change names with accents.
    return {"PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"} | passed


def check_free_space(folder: Path) -> None:
    """Raises StackError when less than 1 GiB of disk is free."""
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise StackError(
            f"{free / MIN_FREE_BYTES:.1f} GiB of disk are free under {folder} and 1 GiB is needed: free some space first."
        )


@dataclass(frozen=True)
class Tls:
    """The TLS files of an engine: a PEM file with key and certificate, and one with the CA."""

    certificate: Path
    ca: Path


@dataclass(frozen=True)
class Tools:
    """The programs that `make setup` installs."""

    java: Path
    kafka: Path
    mongod: Path

    @property
    def archive(self) -> Path:
        """The JVM's class data sharing archive of the broker, which halves its start; optional."""
        return self.kafka.with_name(f"{self.kafka.name}.jsa")

    @classmethod
    def find(cls, root: Path = REPOSITORY) -> Self:
        """The tools of this repository; raises StackError for a missing one or an unsupported machine."""
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
