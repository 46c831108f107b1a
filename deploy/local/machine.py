"""What setup asks of the machine itself: its kind, its room, its packages, its Java."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".state"
LOG = STATE / "setup.log"
OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
GIB = 1024**3
ROOM = 3 * GIB
STARTED = time.monotonic()


class CannotSetUpError(Exception):
    """Carries the one sentence that says what is missing and what fixes it."""


def say(text: str) -> None:
    """Writes one line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - STARTED:6.1f} s  {text}\n")
    sys.stdout.flush()


def home() -> Path:
    """Where pip, uv and Maven keep what they fetched: the user's home, or a folder of the state when nobody can write there."""
    own = Path.home()
    return own if own.is_dir() and os.access(own, os.W_OK) else STATE / "home"


def surroundings() -> list[str]:
    """The words that make a command run with file names in UTF-8 and with a home that can be written to."""
    # Java and Python write file names in the encoding of the locale: a checkout may lie under a name with an accent.
    words = ["env", "LC_ALL=C.UTF-8"]
    return words if home() != STATE / "home" else [*words, f"HOME={home()}"]


def run(what: str, command: list[str | Path], *, may_fail: bool = False) -> bool:
    """Runs a command with its output in the log and a living line on a terminal; a failure shows the log's end."""
    say(what)
    start = time.monotonic()
    with LOG.open("ab") as log:
        offset = log.tell()
        log.write(f"$ {' '.join(map(str, command))}\n".encode())
        log.flush()
        child = subprocess.Popen(
            [*surroundings(), *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        while True:
            try:
                code = child.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                if sys.stdout.isatty():
                    sys.stdout.write(f"\r          … {time.monotonic() - start:.0f} s\r")
                    sys.stdout.flush()
    if code == 0 or may_fail:
        return code == 0
    tail = LOG.read_bytes()[offset:].decode(errors="replace").splitlines()[-20:]
    sys.stdout.write("\n".join(tail) + "\n")
    raise CannotSetUpError(f"“{what}” failed; the lines above are the end of {LOG.relative_to(ROOT)}.")


def digest(*inputs: Path | str) -> str:
    """Names a state of files and words, so that a change of any of them is seen."""
    whole = hashlib.sha256()
    for item in inputs:
        whole.update(item.read_bytes() if isinstance(item, Path) else item.encode())
        whole.update(b"\0")
    return whole.hexdigest()


def done(mark: Path, wanted: str) -> bool:
    """Tells whether a finished step left this very mark."""
    return mark.is_file() and mark.read_text() == wanted


def check_machine() -> None:
    """Refuses a machine on which the stack cannot run."""
    if tuple(sys.version_info[:2]) < OLDEST_PYTHON:
        raise CannotSetUpError(
            f"Python 3.11 or newer is needed and this is {platform.python_version()}: install python3.11 "
            "and run `make setup PYTHON=python3.11`."
        )
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "amd64"):
        raise CannotSetUpError(
            f"The local stack runs on x86-64 Linux and this is {platform.machine()} {platform.system()}: "
            "use `docker compose up` here."
        )


def check_place() -> None:
    """Refuses a checkout under a path that pip, Maven or the JVM cannot be told."""
    path = str(ROOT)
    if ":" in path or not path.isprintable():
        raise CannotSetUpError(
            f"The path {path!a} has a colon, a line break or bytes that are not UTF-8: move the checkout to another folder."
        )


def check_room() -> None:
    """Refuses to begin what the disk cannot hold."""
    free = shutil.disk_usage(ROOT).free
    if free < ROOM:
        raise CannotSetUpError(
            f"{ROOM // GIB} GiB of free disk are needed under {ROOT} and {free / GIB:.1f} GiB are free: make room and run again."
        )


def administrator() -> list[str] | None:
    """The words that make a command run as root without a question, or None when nothing does."""
    if not shutil.which("apt-get"):
        return None
    if subprocess.run(["id", "-u"], capture_output=True, text=True, check=True).stdout.strip() == "0":
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def install(what: str, *choices: str) -> None:
    """Installs the first of these Debian packages that this release has, or says how to do it by hand."""
    root = administrator()
    if root is None:
        raise CannotSetUpError(
            f"{what} is missing: install it (Debian, Ubuntu: `sudo apt-get install {choices[0]}`) and run again."
        )
    apt: list[str | Path] = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    apt += ["-o", "DPkg::Lock::Timeout=300"]  # somebody else may be installing
    run("refreshing the package list", [*apt, "update"], may_fail=True)
    for choice in choices:
        if run(f"installing {choice}", [*apt, "install", "--no-install-recommends", choice], may_fail=True):
            return
    raise CannotSetUpError(
        f"{what} could not be installed from {' or '.join(choices)}: see {LOG}, install it and run again."
    )


def unpack(what: str, folder: Path, *packages: str, shared: tuple[Path, ...] = ()) -> None:
    """Leaves the programs of these Debian packages in a folder; nothing is installed, and so nothing is started.

    `shared` are the files outside that a program reads and cannot be told otherwise.
    """
    root = administrator()
    if root is None or not shutil.which("dpkg-deb"):
        raise CannotSetUpError(
            f"{what} is missing: put it on PATH (Debian, Ubuntu: `sudo apt-get install {' '.join(packages)}`) and run again."
        )
    run("refreshing the package list", [*root, "apt-get", "-q", "update"], may_fail=True)
    staged = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    run(
        f"fetching {', '.join(packages)}",
        ["env", f"--chdir={staged}", "apt-get", "-q", "download", *packages],
    )
    for package in staged.glob("*.deb"):
        run(f"unpacking {package.name}", ["dpkg-deb", "-x", package, staged / "unpacked"])
    for place in shared:
        if not place.exists():
            kept = staged / "unpacked" / place.relative_to("/")
            run(f"putting {place} in its place", [*root, "install", "-D", "-m", "644", kept, place])
    shutil.rmtree(folder, ignore_errors=True)
    (staged / "unpacked" / "usr" / "bin").rename(folder)
    shutil.rmtree(staged)


def java_version(java: Path | str) -> int:
    """The major version of a Java, 0 when it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)(?:\.(\d+))?', answer)
    if not found:
        return 0
    return int(found[2] or 0) if found[1] == "1" else int(found[1])


def find_java() -> Path | None:
    """The first Java that is new enough, on PATH or among those that the system keeps."""
    on_path = shutil.which("java")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    return next((java for java in candidates if java_version(java) >= OLDEST_JAVA), None)
