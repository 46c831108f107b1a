"""The architecture rules hold, and each of them detects a planted violation."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
SOURCES = (
    "contracts/src", "chassis/src", "webkit/src", "stack/src", "ops/src", *(f"services/{name}/src" for name in SERVICES)
)  # fmt: skip
DOMAIN_MAY_IMPORT = {
    "bisect", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib",
    "itertools", "json", "math", "operator", "re", "types", "typing", "unicodedata", "zoneinfo",
}  # fmt: skip

PLANTED = {
    "a service imports another": ("services/notify/src/notify/handlers/planted.py", "import intake.handlers"),
    "the chassis imports a service": ("chassis/src/chassis/planted.py", "import routing.domain"),
    "the chassis imports the web kit": ("chassis/src/chassis/planted.py", "import webkit.csrf"),
    "the web kit imports a service": ("webkit/src/webkit/planted.py", "import intake.domain"),
    "the web kit imports a package of the chassis": (
        "webkit/src/webkit/planted.py",
        "import chassis.http.tokens",
    ),
    "the contracts import the chassis": ("contracts/src/contracts/planted.py", "import chassis.errors"),
    "the watcher imports what it watches": ("ops/src/watcher/planted.py", "import chassis.errors"),
    "a domain imports pydantic": ("services/routing/src/routing/domain/planted.py", "import pydantic"),
    "a domain reads the clock": ("services/intake/src/intake/domain/planted.py", "import time"),
    "a domain imports a handler": ("services/intake/src/intake/domain/planted.py", "import intake.handlers"),
    "a handler does IO": ("services/routing/src/routing/handlers/planted.py", "import httpx"),
    "a handler imports an entrypoint": (
        "services/notify/src/notify/handlers/planted.py",
        "import notify.entrypoints",
    ),
    "a handler imports a query": (
        "services/intake/src/intake/handlers/planted.py",
        "import intake.queries",
    ),
    "an entrypoint imports an adapter": (
        "services/notify/src/notify/entrypoints/planted.py",
        "import notify.adapters",
    ),
    "an entrypoint reads the settings": (
        "services/intake/src/intake/entrypoints/planted.py",
        "import intake.settings",
    ),
    "a use case imports an entrypoint": (
        "services/intake/src/intake/app/planted.py",
        "import intake.entrypoints",
    ),
    "a use case imports an adapter": (
        "services/intake/src/intake/app/planted.py",
        "import intake.adapters",
    ),
    "a use case reads the settings": (
        "services/intake/src/intake/app/planted.py",
        "import intake.settings",
    ),
    "a query imports a use case": (
        "services/intake/src/intake/queries/planted.py",
        "import intake.app",
    ),
    "a query imports an adapter": (
        "services/intake/src/intake/queries/planted.py",
        "import intake.adapters",
    ),
    "a service knows the database driver": (
        "services/intake/src/intake/adapters/planted.py",
        "import pymongo",
    ),
    "a service imports a package of the chassis": (
        "services/routing/src/routing/entrypoints/planted.py",
        "import chassis.http.context",
    ),
    "a package of the chassis imports one above it": (
        "chassis/src/chassis/store/planted.py",
        "import chassis.consumer.claims",
    ),
    "a module of the chassis without a layer": ("chassis/src/chassis/planted.py", ""),
    "the account is not independent": ("stack/src/stack/planted.py", "import chassis.ids"),
    "a module outside the planned packages": ("services/notify/src/notify/utils.py", ""),
}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    path = ":".join(str(tree / source) for source in SOURCES)
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for source in SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("app", "queries"):
        folder = tmp_path / "services/intake/src/intake" / room
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rules_hold(copy: Path) -> None:
    result = lint(copy)

    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_is_found(copy: Path, violation: str) -> None:
    place, line = PLANTED[violation]
    (copy / place).write_text(f'"""Planted."""\n\n{line}\n')

    result = lint(copy)

    assert result.returncode != 0, f"{violation}: not detected"
    assert "planted" in result.stdout or "utils" in result.stdout, result.stdout


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_imports_only_what_computes(service: str) -> None:
    for file in (ROOT / f"services/{service}/src/{service}/domain").glob("*.py"):
        foreign = imports(file) - DOMAIN_MAY_IMPORT - {service}
        assert not foreign, f"{file.name} imports {foreign}"


def test_every_service_has_the_same_packages_and_is_known_to_the_linter() -> None:
    services = sorted(path.name for path in (ROOT / "services").iterdir() if path.is_dir())
    config = (ROOT / "pyproject.toml").read_text()

    assert services == sorted(SERVICES)
    for service in services:
        rooms = {path.name for path in (ROOT / f"services/{service}/src/{service}").iterdir()}
        wanted = {"main.py", "settings.py", "entrypoints", "app", "queries", "handlers", "domain", "adapters"}
        assert wanted <= rooms
        assert f'"{service}"' in config


def stored_paths(tree: Path) -> set[str]:
    """The modules outside `queries` in which a string names a path inside a stored document."""
    found: set[str] = set()
    for service in SERVICES:
        rooms = tree / "services" / service / "src" / service
        for file in rooms.rglob("*.py"):
            strings = (
                node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)
            )
            if any(isinstance(value, str) and re.match(r"\$?state\.", value) for value in strings):
                found.add(str(file.relative_to(rooms.parent)))
    return {place for place in found if place.split("/")[1] != "queries"}


def test_stored_paths_are_known_to_queries_only(copy: Path) -> None:
    assert stored_paths(copy) == set()


def test_a_planted_stored_path_is_found(copy: Path) -> None:
    for room in ("app", "queries"):
        place = copy / "services/intake/src/intake" / room / "planted.py"
        place.write_text('"""Planted."""\n\nWHERE = {"state.status": "held"}\n')

    assert {place for place in stored_paths(copy) if "planted" in place} == {"intake/app/planted.py"}


def test_the_chassis_knows_no_business_word() -> None:
    words = re.compile(
        r"\b(tenant|subsid|operator|neighbourhood|budget|isee|category|complaint|case)s?\b", re.IGNORECASE
    )
    allowed = {
        "chassis/src/chassis/http/context.py": {"operator"},  # roles of the service contract
        "chassis/src/chassis/fields.py": {"category"},  # of Unicode
    }
    for file in (ROOT / "chassis/src/chassis").rglob("*.py"):
        code = "\n".join(
            line for line in file.read_text().splitlines() if not line.strip().startswith(("case ", "case_"))
        )
        found = {match.group(0).lower() for match in words.finditer(code)}
        assert not found - allowed.get(str(file.relative_to(ROOT)), set()), f"{file.name}: {found}"


@pytest.mark.parametrize("service", SERVICES)
def test_wiring_fits_on_one_screen(service: str) -> None:
    main = ROOT / f"services/{service}/src/{service}/main.py"

    assert len(main.read_text().splitlines()) <= 60


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime\n\nNOW = datetime.now()\n",
        "import os\n\nHOME = os.environ['HOME']\n",
        "from unittest.mock import Mock\n\nM = Mock()\n",
    ],
)
def test_clocks_environments_and_mocks_are_lint_errors(code: str, tmp_path: Path) -> None:
    file = tmp_path / "planted.py"
    file.write_text(code)
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--config",
        str(ROOT / "pyproject.toml"),
        "--select",
        "TID251",
        str(file),
    ]

    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
