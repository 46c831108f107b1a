"""Every package declares the distributions that it imports, and one lock has a version and hashes for each of them."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
FOLDERS = ("contracts", "chassis", "webkit", "stack", "ops", *(f"services/{name}" for name in SERVICES))
OURS = {
    name: f"ascolto-{name}"
    for name in ("contracts", "chassis", "webkit", "stack", "ops", "watcher", *SERVICES)
}
# Distributions that are used without an import, by the distribution that needs them.
INDIRECT = {"python-multipart": "fastapi", "cramjam": "aiokafka"}
# Several distributions share one namespace package.
INDIRECT |= dict.fromkeys(
    ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"), "opentelemetry-api"
)


def imported(source: Path) -> set[str]:
    """The distributions that the package's modules import, anywhere in them."""
    known, found = packages_distributions(), set[str]()
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            found |= {name.partition(".")[0] for name in names}
    others = found - set(sys.stdlib_module_names) - {source.name}
    return {OURS.get(name) or min(known[name]).lower().replace("_", "-") for name in others}


def declared(folder: Path) -> set[str]:
    """The distributions that the package's project file declares."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[\[>=<~! ]", one, maxsplit=1)[0].lower() for one in project["dependencies"]}


def mismatches(folder: Path) -> dict[str, set[str]]:
    """Distributions imported without a declaration, and declared without an import."""
    used, listed = set[str](), declared(folder)
    for source in sorted((folder / "src").iterdir()):
        used |= imported(source)
    behind = {name for name, module in INDIRECT.items() if module in used}
    return {
        "missing": used - listed,
        "unused": listed - used - behind,
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_package_declares_what_it_imports_and_nothing_else(folder: str) -> None:
    assert mismatches(ROOT / folder) == {"missing": set(), "unused": set()}


def test_undeclared_imports_and_unused_declarations_are_reported(tmp_path: Path) -> None:
    module = tmp_path / "src" / "intake" / "adapters"
    module.mkdir(parents=True)
    (module / "late.py").write_text("def f():\n    import yaml\n    from chassis import ids\n")
    lines = '[project]\ndependencies = ["ascolto-chassis", "rich>=15"]\n'
    (tmp_path / "pyproject.toml").write_text(lines)

    assert mismatches(tmp_path) == {"missing": {"pyyaml"}, "unused": {"rich"}}


WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = "lock"
PARTS = ("run", "intake", "provision")


def locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes of every package in a file of requirements."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^([\w.-]+)==(\S+)((?: \\\n +--hash=\S+)+)", text)
    return {
        package: (version, frozenset(re.findall(r"sha256:\w{64}", hashes)))
        for package, version, hashes in found
    }


def unmet(requirements: Iterable[str], versions: dict[str, tuple[str, frozenset[str]]]) -> set[str]:
    """The requirements that no locked version meets."""
    parsed = [Requirement(one) for one in requirements]
    return {
        str(one)
        for one in parsed
        if one.name not in OURS.values()
        and (one.name.lower() not in versions or not one.specifier.contains(versions[one.name.lower()][0]))
    }


def test_the_workspace_has_every_package_and_takes_ours_from_itself() -> None:
    members = {path for glob in WORKSPACE["tool"]["uv"]["workspace"]["members"] for path in ROOT.glob(glob)}
    needed = {name for folder in FOLDERS for name in declared(ROOT / folder) & set(OURS.values())}

    assert members == {ROOT / folder for folder in FOLDERS}
    assert WORKSPACE["tool"]["uv"]["sources"] == {name: {"workspace": True} for name in needed}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_lock_meets_what_a_package_declares(folder: str) -> None:
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert unmet(project["dependencies"], locked(LOCK)) == set()


def test_what_the_lock_does_not_meet_is_named() -> None:
    versions = {"pyyaml": ("6.0", frozenset[str]())}
    told = ["PyYAML>=6", "pyyaml>=7", "rich", "ascolto-chassis"]
    assert unmet(told, versions) == {"pyyaml>=7", "rich"}


@pytest.mark.parametrize("part", PARTS)
def test_what_an_image_installs_is_a_part_of_the_lock(part: str) -> None:
    whole = locked(LOCK)
    assert {name: whole.get(name) for name in locked(part)} == locked(part)


def test_the_lock_pins_what_the_runtime_relies_on_inside() -> None:
    assert unmet(WORKSPACE["tool"]["uv"]["constraint-dependencies"], locked("run")) == set()


def test_a_lock_says_versions_and_hashes_and_not_where_packages_come_from() -> None:
    files = {file.stem: file.read_text(encoding="utf-8") for file in (ROOT / "requirements").iterdir()}

    assert set(files) == {LOCK, *PARTS, "uv", "mongod", "node"}
    assert {
        name for name, text in files.items() if "://" in text or "ascolto-" in re.sub(r"#.*", "", text)
    } == set()
    for name, text in files.items():
        assert len(locked(name)) == len(re.findall(r"(?m)^[^\s#]", text)), name


def test_the_npm_lock_says_versions_and_hashes_and_not_where_packages_come_from() -> None:
    lock = json.loads((ROOT / "webkit/assets/package-lock.json").read_text(encoding="utf-8"))
    packages = [one for place, one in lock["packages"].items() if place]

    assert all(one["integrity"].startswith("sha512-") and one["version"] for one in packages)
    assert not any(
        "resolved" in one or one.get("hasInstallScript") for one in packages if not one.get("optional")
    )


def test_every_verb_runs_whatever_files_there_are() -> None:
    asked = ["make", "--print-data-base", "--dry-run", "help"]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout
    (phony,) = re.findall(r"(?m)^\.PHONY: (.*)$", told)
    verbs = re.findall(r"(?m)^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"))

    assert set(verbs) <= set(phony.split())
