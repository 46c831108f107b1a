"""Substitutes of public images, under the same names, for machines without an image registry.

Each is a folder of `standins/` with a Dockerfile on a plain Debian; an existing image is not built again.
"""

import io
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.compose.commands import ROOT, STATE, CannotRunHere, StepError, fails, log_step, run
from tests.compose.engine import is_refusal

FOLDER = Path(__file__).parent / "standins"
TOOLS = ROOT / ".state" / "tools"
DEBIAN = "ascolto-standin/debian:bookworm"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
MARK = "org.ascolto.standin"
CLASSIC = {"DOCKER_BUILDKIT": "0"}


@dataclass(frozen=True)
class StandIn:
    """One folder of `standins/`, the image that it substitutes, and the files that it needs from elsewhere."""

    folder: str
    image: str
    more: Mapping[str, Path] = field(default_factory=dict)


# The public images by the prefix of their names, and the substitute of each.
KNOWN: Mapping[str, tuple[str, Mapping[str, Path]]] = {
    "python:": ("python", {}),
    "apache/kafka:": ("kafka", {"libs": TOOLS / "kafka-4.3.1"}),
    "mongo:": ("mongo", {"mongod": TOOLS / "mongod-6.0.5" / "mongod"}),
    "nginxinc/nginx-unprivileged:": ("nginx", {}),
    "axllent/mailpit:": ("mailpit", {}),
    "prom/prometheus:": ("prometheus", {}),
    "prom/alertmanager:": ("alertmanager", {}),
}


def stand_ins(images: set[str]) -> list[StandIn]:
    """The substitutes of these images; raises StepError with an image that has none."""
    found = []
    for image in sorted(images):
        match = next((KNOWN[start] for start in KNOWN if image.startswith(start)), None)
        if match is None:
            raise StepError(f"nothing stands in for {image}: give it a folder in {FOLDER.relative_to(ROOT)}")
        found.append(StandIn(match[0], image, match[1]))
    return found


def make(images: set[str]) -> None:
    """Provides an image of each name: the public one if it exists, else a substitute.

    Raises CannotRunHere when the engine cannot run containers.
    """
    make_debian()
    error = fails(["docker", "run", "--rm", DEBIAN, "true"])
    if error:
        raise (CannotRunHere if is_refusal(error) else StepError)(f"no container runs here: {error}")
    for one in stand_ins(images):
        if _is_there(one):
            continue
        log_step(f"building the substitute of {one.image}")
        words = ["docker", "build", "--quiet", "--tag", one.image, "--label", f"{MARK}={_digest(one)}", "-"]
        run(words, stdin=_context(one), env=CLASSIC)


def _is_there(one: StandIn) -> bool:
    asked = ["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{MARK}"}}}}', one.image]
    if fails(asked):
        return False
    return run(asked).strip() in (_digest(one), "", "<no value>")


def make_debian() -> None:
    """Builds the plain Debian base image."""
    if not fails(["docker", "image", "inspect", DEBIAN]):
        return
    rootfs = STATE / "rootfs"
    log_step("building a plain Debian 12 with debootstrap")
    shutil.rmtree(rootfs, ignore_errors=True)
    run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", rootfs])
    # pip, npm and apt in containers need the CA certificates of this machine.
    shutil.copy(Path("/") / CERTIFICATES, rootfs / CERTIFICATES)
    for spent in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(rootfs / spent)
        (rootfs / spent).mkdir()
    tar = STATE / "rootfs.tar"
    env = " ".join(f"{name}=/{CERTIFICATES}" for name in ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"))
    run(["tar", "-C", rootfs, "-cf", tar, "."])
    run(["docker", "import", "--change", f"ENV {env}", "--change", 'CMD ["bash"]', tar, DEBIAN])
    tar.unlink()
    shutil.rmtree(rootfs)


def _files(one: StandIn) -> Iterator[tuple[str, Path]]:
    for path in sorted((FOLDER / one.folder).iterdir()):
        yield path.name, path
    for name, place in one.more.items():
        yield name, place.resolve()


def _digest(one: StandIn) -> str:
    """A hash of a substitute's files; files outside its folder count by name only."""
    whole = sha256()
    for name, path in _files(one):
        whole.update(name.encode())
        whole.update(path.read_bytes() if path.parent.parent == FOLDER else path.name.encode())
    return whole.hexdigest()[:16]


def _context(one: StandIn) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, path in _files(one):
            tar.add(path, name)
    return buffer.getvalue()
