"""Long runs in pieces: each piece is a file, pieces of the present code are not run again, and summaries add them up."""

import hashlib
import json
import os
import platform
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stack.files import write_atomically
from stack.tools import REPOSITORY

Json = dict[str, Any]


@dataclass(frozen=True)
class Pieces:
    """The pieces of one kind of run; `code` is the fingerprint of the code that they are valid for."""

    folder: Path
    code: str
    packages: Sequence[str]

    def missing(self, first: int, count: int, size: int) -> Iterator[tuple[int, int]]:
        """First number and length of each piece that is not recorded for this code."""
        for begin in range(first, first + count, size):
            part = min(size, first + count - begin)
            done = self._read(self._path(begin))
            if done is None or done["code"] != self.code or done["count"] < part:
                yield begin, part

    def keep(self, first: int, count: int, seconds: float, found: Json) -> Path:
        """Write a piece with the conditions of its run; return its path."""
        row: Json = {
            "first": first,
            "count": count,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seconds": round(seconds, 1),
            "code": self.code,
            "conditions": conditions(self.packages),
        }
        path = self._path(first)
        write_atomically(path, json.dumps(row | found, indent=1, ensure_ascii=False) + "\n")
        return path

    def all(self) -> list[Json]:
        """Every piece of this code, in order."""
        rows = [self._read(path) for path in sorted(self.folder.glob("*.json"))]
        return [row for row in rows if row is not None and row["code"] == self.code]

    def others(self) -> int:
        """The number of pieces of other code."""
        return len(list(self.folder.glob("*.json"))) - len(self.all())

    def _path(self, first: int) -> Path:
        return self.folder / f"{first:08d}.json"

    def _read(self, path: Path) -> Json | None:
        return json.loads(path.read_text()) if path.exists() else None


def fingerprint(*roots: str) -> str:
    """A hash of these files of the repository."""
    digest = hashlib.sha256()
    for path in sorted(path for root in roots for path in (REPOSITORY / root).rglob("*") if path.is_file()):
        if path.suffix in (".py", ".json", ".yaml", ".html"):
            digest.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def conditions(packages: Sequence[str]) -> Json:
    """The conditions of a run: commit, versions and machine."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True
    )
    return {
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "load_average": [round(one, 2) for one in os.getloadavg()],
    }


def added(rows: Sequence[Mapping[str, Any]], name: str) -> Counter[str]:
    """The sum of the counts that several pieces have under one name."""
    return sum((Counter(row[name]) for row in rows), Counter[str]())
