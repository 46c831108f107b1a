"""Time, size and memory of a backup: `python -m bench.backup --documents 200000`."""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from contracts.permissions import SERVICES
from stack.system import System
from stack.tools import base_environment

TOGETHER = 5000
TEXT = 400


def main() -> None:
    """Fill new engines, back them up, restore them, and print one line for each step."""
    parser = argparse.ArgumentParser(prog="python -m bench.backup", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        system = System(Path(folder))
        try:
            system.start_engines()
            system.provision()
            size = _fill(system, args.documents)
            print(f"{args.documents} documents, {size / 1e6:.0f} MB of BSON")
            _run(system, "backup")
            [archive] = (system.root / "backups").glob("*.backup")
            print(f"  the archive has {archive.stat().st_size / 1e6:.0f} MB")
            _run(system, "verify", str(archive))
            _run(system, "restore", "--replace", str(archive))
        finally:
            system.stop()


def _fill(system: System, documents: int) -> int:
    """Insert documents in a service's stored form, half of whose bytes are random; return their size in bytes."""
    with MongoClient[dict[str, Any]](system.mongod.admin) as client:
        for number, batch in enumerate(_batches(documents)):
            client[SERVICES[number % len(SERVICES)]]["things"].insert_many(batch)
        return sum(int(client[name].command("collStats", "things").get("size", 0)) for name in SERVICES)


def _batches(documents: int) -> Iterator[list[dict[str, Any]]]:
    text = "Il quadro elettrico della scala è aperto. " * (TEXT // 42)
    for start in range(0, documents, TOGETHER):
        yield [
            {
                "_id": secrets.token_hex(16),
                "version": 1,
                "state": {"number": number, "sealed": secrets.token_bytes(TEXT), "text": text},
                "said": {"intake/reports": 1},
                "stamp": number,
            }
            for number in range(start, min(documents, start + TOGETHER))
        ]


def _run(system: System, verb: str, *words: str) -> None:
    command = [sys.executable, "-m", "stack", verb, "--state", str(system.root), *words]
    began = time.monotonic()
    child = subprocess.Popen(command, env=base_environment(), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{verb} ended with {child.returncode}")
    seconds = time.monotonic() - began
    print(f"  {verb:<8} {seconds:6.1f} s, {used.ru_maxrss / 1024:.0f} MB peak memory")


if __name__ == "__main__":
    main()
