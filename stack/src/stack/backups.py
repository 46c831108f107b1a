"""The verbs backup, verify and restore: they run `ops.backup` on the engines of the local stack."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.permissions import SERVICES
from stack.ports import HOST
from stack.processes import StackError
from stack.state_folder import DEFAULT_STATE
from stack.system import System
from stack.tools import base_environment


def backup(words: Sequence[str]) -> int:
    """Backs up all databases while everything runs."""
    parser = _parser("backup")
    parser.add_argument(
        "--to", type=Path, help="the folder of archives; default: `backups` in the state folder"
    )
    parser.add_argument("--keep-days", type=int, default=30, help="delete older archives; 0 keeps all")
    args = parser.parse_args(words)
    system = System(args.state)
    if not system.mongod.child.alive():
        raise StackError(f"MongoDB does not run in {system.root}: run `make up`.")
    folder = args.to or system.root / "backups"
    return _run(system, "save", folder, "--keep-days", args.keep_days, "--secrets", system.mongod.secrets)


def verify(words: Sequence[str]) -> int:
    """Verifies an archive against its manifest."""
    parser = _parser("verify")
    parser.add_argument("file", type=Path)
    args = parser.parse_args(words)
    return _run(System(args.state), "verify", args.file)


def restore(words: Sequence[str]) -> int:
    """Restores an archive into empty databases and recreates the topics; raises StackError while services run."""
    parser = _parser("restore")
    parser.add_argument("--replace", action="store_true", help="drop the present content of the databases")
    parser.add_argument("file", type=Path)
    args = parser.parse_args(words)
    system = System(args.state)
    running = [name for name in SERVICES if system.service(name).alive()]
    running += ["supervisor"] if system.supervisor.alive() else []
    if running:
        raise StackError(f"{', '.join(running)} run in {system.root}: run `make down` first.")
    with system.locked():
        system.start_engines()
        engines = ["--members", f"{HOST}:{system.mongod.port}", "--kafka", system.kafka.address]
        folders = ["--secrets", system.mongod.secrets, system.kafka.passwords.folder]
        options = ["--replace"] if args.replace else []
        return _run(system, "restore", args.file, *engines, *options, *folders)


def _run(system: System, *words: object) -> int:
    system.secrets.make()
    command = [
        sys.executable,
        "-m",
        "ops.backup",
        *map(str, words),
        "--key",
        str(system.secrets.backup_key),
    ]
    return subprocess.run(command, env=base_environment()).returncode


def _parser(verb: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m stack {verb}")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the state folder")
    return parser
