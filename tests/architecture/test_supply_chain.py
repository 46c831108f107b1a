"""The supply chain of images: what they are built from, what the build leaves out, and the digests of public images."""

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from deploy.compose import digests, sbom
from packaging.requirements import Requirement
from packaging.version import Version
from tests.architecture.compose_files import BASE, ROOT
from tests.architecture.test_compose import EXACT_TAG, _compose, _make_secrets

SCRIPTS = Path(sysconfig.get_path("scripts"))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DIGEST = "sha256:" + "0123456789abcdef" * 4
# Invented, in the form of `docker buildx imagetools inspect --format '{{json .}}'`.
ANSWER = json.dumps(
    {
        "name": "docker.io/library/mongo:8.0.32-noble",
        "manifest": {"mediaType": "index", "digest": DIGEST, "size": 1},
    }
)


def hadolint(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPTS / "hadolint", "-"], input=text, capture_output=True, text=True)


def test_the_dockerfile_keeps_the_rules_of_the_trade() -> None:
    done = hadolint(DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        (DOCKERFILE.replace("python:3.11.15-slim-bookworm", "python:latest"), "DL3007"),
        (DOCKERFILE + "RUN cd /tmp && apt-get install -y gcc\n", "DL3008"),
        (DOCKERFILE + "USER root\n", "DL3002"),
    ],
)
def test_a_dockerfile_that_breaks_them_is_refused(planted: str, rule: str) -> None:
    done = hadolint(planted)
    assert done.returncode == 1
    assert rule in done.stdout


def stages(text: str) -> dict[str, tuple[str, str]]:
    """The base and the body of each stage."""
    parts = re.split(r"(?m)^FROM (\S+) AS (\S+)$", text)[1:]
    return {name: (base, body) for base, name, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)}


def stages_with_tools(text: str) -> set[str]:
    """The stages that become images and install, compile, or start from another base than the stripped one."""
    every = stages(text)
    used = {base for base, _ in every.values()} | set(re.findall(r"--from=(\S+)", text))
    final = {name: part for name, part in every.items() if name not in used}
    tools = re.compile(r"\b(pip|apt|apt-get|gcc|make|curl|wget|git)\b")
    return {
        name
        for name, (base, body) in final.items()
        if base != "runtime"
        or any(tools.search(line) for line in body.splitlines() if not line.startswith("#"))
    }


def test_images_are_what_was_built_and_not_what_built_it() -> None:
    assert {"service", "provision", "watcher", "issuer"} <= set(stages(DOCKERFILE))
    assert stages_with_tools(DOCKERFILE) == set()


@pytest.mark.parametrize(
    "planted",
    [
        DOCKERFILE + "RUN python -m pip install pudb\n",
        DOCKERFILE.replace("FROM runtime AS service", "FROM packages AS service"),
        DOCKERFILE.replace("FROM runtime AS service", "FROM python:3.11.15-slim-bookworm AS service"),
    ],
)
def test_a_stage_with_tools_is_named(planted: str) -> None:
    assert stages_with_tools(planted) == {"service"}


@pytest.mark.slow
def test_the_base_of_all_images_loses_what_installs_packages(tmp_path: Path) -> None:
    """Runs the command of the Dockerfile on a separate Python."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    programs = tmp_path / "python" / "bin"
    env = {"PATH": f"{programs}:/usr/bin:/bin"}
    pip = ["python", "-c", "import pip"]
    assert subprocess.run([programs / pip[0], *pip[1:]], env=env).returncode == 0
    body = stages(DOCKERFILE)["runtime"][1]
    (command,) = re.findall(r"(?ms)^RUN (python -c .*?[^\\])\n", body)

    subprocess.run(["sh", "-c", command.replace("\\\n", "")], env=env, check=True)

    assert subprocess.run([programs / pip[0], *pip[1:]], env=env, capture_output=True).returncode == 1
    assert list(programs.glob("pip*")) == []
    assert list(tmp_path.rglob("site-packages/pip/*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("image", ["routing", "provision"])
def test_an_image_s_list_is_valid_and_complete(image: str, tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - takes two seconds
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    script = ROOT / "deploy" / "compose" / "sbom.py"
    subprocess.run([sys.executable, script, "--folder", tmp_path, image], check=True, capture_output=True)
    text = (tmp_path / f"{image}.cdx.json").read_text()
    bom = json.loads(text)
    parts = {sbom.plain(one["name"]): one for one in bom["components"]}

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    locks = [(ROOT / "requirements" / f"{name}.txt").read_text() for name in sbom.IMAGES[image][1]]
    packages = sbom.locked(locks)
    versions = {name: Version(version) for name, version in packages.items()}
    assert {name: Version(parts[name]["version"]) for name in packages} == versions
    served = {sbom.plain(name) for name in sbom.SERVED} if image in sbom.SERVICES else set()
    ours = sbom.OURS if image in sbom.SERVICES else sbom.RUNTIME
    assert set(parts) - set(packages) == {*ours, *served, "python"}
    assert all(parts[name]["licenses"] for name in packages)
    assert parts["python"]["version"] == "3.11.15-slim-bookworm"
    assert ("confluent-kafka" in parts) is (image == "provision")
    assert "pytest" not in parts


def needed(service: str) -> set[str]:
    """The packages of others that a service needs, and those that they need."""
    found, waiting = set[str](), [f"ascolto-{service}"]
    while waiting:
        name = waiting.pop()
        wanted = [Requirement(text) for text in distribution(name).requires or ()]
        names = {sbom.plain(one.name) for one in wanted if one.marker is None or one.marker.evaluate()}
        waiting += names - found
        found |= names
    return {name for name in found if not name.startswith("ascolto-")}


def megabytes(name: str) -> float:
    files = distribution(name).files or ()
    return sum(file.size or 0 for file in files) / 1e6


def test_what_only_intake_needs_and_is_large_is_in_its_image_only() -> None:
    run, own = (
        sbom.locked([(ROOT / "requirements" / f"{lock}.txt").read_text()]) for lock in ("run", "intake")
    )
    others = set.union(*(needed(name) for name in sbom.SERVICES if name != "intake"))

    assert not set(own) & (set(run) | others)
    assert [name for name in needed("intake") - others if name in run and megabytes(name) > 10] == []
    assert sum(map(megabytes, own)) > 50


def installed(**changes: Any) -> dict[str, Any]:
    part = {
        "name": "Jinja2",
        "version": "3.1",
        "bom-ref": "j",
        "licenses": [{"license": {"id": "BSD-3-Clause"}}],
    }
    root = {"component": {"bom-ref": "root"}}
    graph = [{"ref": "root", "dependsOn": ["j", "x"]}, {"ref": "j"}, {"ref": "x"}]
    return {"components": [part | changes], "metadata": root, "dependencies": graph}


def test_what_is_not_in_the_image_is_not_in_its_list() -> None:
    bom = sbom.reduced(installed(), {"jinja2": "3.1"}, {"bom-ref": "base"})
    assert [one["bom-ref"] for one in bom["components"]] == ["base", "j"]
    assert bom["dependencies"] == [{"ref": "root", "dependsOn": ["j"]}, {"ref": "j"}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "3.0"}, "not installed as locked: jinja2 3.1"),
        ({"licenses": []}, "no licence is known of jinja2"),
    ],
)
def test_a_list_that_would_be_wrong_is_not_written(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        sbom.reduced(installed(**changes), {"jinja2": "3.1"}, {})


def test_public_images_get_the_digest_that_the_registry_names(tmp_path: Path) -> None:
    _make_secrets(tmp_path)
    read = _compose("--profile", "*", "config", "--format", "json", env_file=tmp_path / ".env").stdout
    images = digests.public_images(json.loads(read))
    file = tmp_path / "digests.yml"
    file.write_text(digests.override(images, lambda _: ANSWER))
    words: list[str | Path] = [
        "-f",
        BASE,
        "-f",
        file,
        "--profile",
        "*",
        "config",
        "--format",
        "json",
    ]
    pinned = json.loads(_compose(*words, env_file=tmp_path / ".env").stdout)["services"]

    assert {"kafka", "kafka-3", "mongo", "gateway", "mailbox"} <= set(images)
    assert {name for name, spec in pinned.items() if spec["image"].endswith(f"@{DIGEST}")} == set(images)
    assert all(EXACT_TAG.search(pinned[name]["image"]) for name in images)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "the output has no digest"),
        ("[]", "the output has no digest"),
        ('{"manifest": {}}', "the output has no digest"),
        ('{"manifest": {"digest": "sha256:12"}}', "'sha256:12' is not a digest"),
    ],
)
def test_an_answer_without_a_digest_names_the_image(answer: str, said: str) -> None:
    with pytest.raises(digests.Unknown, match=f"^mongo:8.0.32-noble: {re.escape(said)}"):
        digests.override({"mongo": "mongo:8.0.32-noble"}, lambda _: answer)


def run_digests(tmp_path: Path, path: str) -> subprocess.CompletedProcess[str]:
    _make_secrets(tmp_path)
    compose = f"{SCRIPTS / 'docker-compose'} --env-file {tmp_path / '.env'}"
    command = [sys.executable, str(ROOT / "deploy" / "compose" / "digests.py"), "--compose", compose]
    env = {"PATH": path, "HOME": str(tmp_path)}
    return subprocess.run(
        [*command, "--file", str(tmp_path / "digests.yml")], env=env, capture_output=True, text=True
    )


DOCKERS: list[tuple[str, Callable[[Path], Any], str]] = [
    ("no docker", lambda _: None, "the command docker is missing"),
    (
        "no registry",
        lambda folder: (folder / "docker").write_text(
            "#!/bin/sh\necho 'dial tcp: lookup: no such host' >&2\nexit 1\n"
        ),
        "no registry answered (docker buildx imagetools inspect): dial tcp: lookup: no such host",
    ),
]


@pytest.mark.parametrize(("case", "make", "said"), DOCKERS, ids=[case for case, _, _ in DOCKERS])
def test_without_a_registry_nothing_is_written_and_the_reason_is_said(
    case: str, make: Callable[[Path], Any], said: str, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    make(programs)
    for program in programs.iterdir():
        program.chmod(0o755)
    (programs / "sh").symlink_to("/bin/sh")

    done = run_digests(tmp_path, str(programs))

    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "digests.yml").exists()


def test_the_issuer_image_has_every_module_that_the_issuer_imports() -> None:
    source = ROOT / "stack" / "src" / "stack"
    needed, open_ = set[str](), ["issuer"]
    while open_:
        module = open_.pop()
        if module not in needed:
            needed.add(module)
            open_ += re.findall(
                r"^from stack\.(\w+) import", (source / f"{module}.py").read_text(), re.MULTILINE
            )
    copied = re.findall(r"stack/src/stack/(\w+)\.py", DOCKERFILE)

    assert sorted(copied) == sorted({"__init__", *needed})
