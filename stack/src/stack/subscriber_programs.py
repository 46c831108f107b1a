"""The subscribers in other languages: how each is built, and what a machine lacks for it."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack.files import mutex, write_atomically
from stack.processes import StackError
from stack.tools import REPOSITORY, Tools, base_environment

SOURCES = REPOSITORY / "contracts" / "subscribers"
TOOLS = REPOSITORY / ".state" / "tools"
OLDEST_NODE = 20

Command = list[str | Path]


@dataclass(frozen=True)
class Program:
    """One subscriber; `missing` returns what this machine lacks for it, `prepare` builds it and returns its command."""

    language: str
    source: Path
    missing: Callable[[], str]
    prepare: Callable[[], Command]


def node_missing() -> str:
    """What this machine lacks to run Node.js programs; empty when nothing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return f"Node.js {OLDEST_NODE} or newer with npm is missing: install it, for instance from nodejs.org"
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0] or 0) < OLDEST_NODE:
        return f"Node.js {OLDEST_NODE} or newer is needed and this is {version}"
    return ""


def node_folder(source: Path) -> Path:
    """A folder with the packages that a committed lock names, and the programs bundled them."""
    lock = source / "package-lock.json"
    folder = TOOLS / f"node-{source.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with mutex(folder.with_suffix(".lock")):
        if not (folder / "node_modules" / ".package-lock.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, folder)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
            _run(command, folder, f"npm could not install the packages of {source.name}")
    for program in source.glob("*.mjs"):
        write_atomically(folder / program.name, program.read_bytes())
    return folder


def _node() -> Command:
    return [_found("node"), node_folder(SOURCES / "node") / "subscriber.mjs"]


def _java_compiler() -> Path | None:
    bundled = (TOOLS / "java").resolve().with_name("javac")
    found = shutil.which("javac")
    return bundled if bundled.exists() else Path(found) if found else None


def _java_missing() -> str:
    if _java_compiler() is None:
        return "A Java compiler is missing: apt-get install openjdk-17-jdk-headless"
    return ""


def _java() -> Command:
    tools, source = Tools.find(), SOURCES / "java" / "Subscriber.java"
    folder = TOOLS / f"java-subscriber-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    classes = f"{tools.kafka}/*"
    with mutex(folder.with_suffix(".lock")):
        if not (folder / "Subscriber.class").exists():
            folder.mkdir(parents=True, exist_ok=True)
            command = [str(_java_compiler()), "-cp", classes, "-d", str(folder), str(source)]
            _run(command, folder, "the Java subscriber does not compile")
    return [tools.java, "-Xmx128m", "-XX:+UseSerialGC", "-cp", f"{folder}:{classes}", "Subscriber"]


def _python() -> Command:
    return [sys.executable, SOURCES / "python" / "subscriber.py"]


PROGRAMS = (
    Program("python", SOURCES / "python" / "subscriber.py", lambda: "", _python),
    Program("node", SOURCES / "node" / "subscriber.mjs", node_missing, _node),
    Program("java", SOURCES / "java" / "Subscriber.java", _java_missing, _java),
)


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise StackError(f"{name} is missing: put it on PATH.")
    return path


def _run(command: list[str], folder: Path, trouble: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=base_environment())
    if done.returncode != 0:
        last = " ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise StackError(f"{trouble}: {last}")
