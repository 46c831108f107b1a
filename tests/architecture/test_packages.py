"""Every package declares what it imports, and nothing that it does not use."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
FOLDERS = ("contracts", "chassis", "stack", "ops", *(f"services/{name}" for name in SERVICES))
OURS = {name: f"ascolto-{name}" for name in ("contracts", "chassis", "stack", "ops", "watcher", *SERVICES)}
# What is used without being imported, by the module that is imported for it.
BEHIND = {"python-multipart": "fastapi", "cramjam": "aiokafka"}
# Only the one-shot provisioning has this, in an image of its own; requirements/provision.in says why.
ELSEWHERE = {"ops": {"confluent-kafka"}}


def imported(source: Path) -> set[str]:
    """The distributions whose modules the package's own modules import, wherever in them."""
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
    """The distributions that the package's project file names."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[\[>=<~! ]", one, maxsplit=1)[0].lower() for one in project["dependencies"]}


def untrue(folder: Path) -> dict[str, set[str]]:
    """What is imported and not declared, and what is declared and used for nothing."""
    used, said = set[str](), declared(folder)
    for source in sorted((folder / "src").iterdir()):
        used |= imported(source)
    behind = {name for name, module in BEHIND.items() if module in used}
    return {
        "missing": used - said - ELSEWHERE.get(folder.name, set()),
        "unused": said - used - behind,
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_package_declares_what_it_imports_and_nothing_else(folder: str) -> None:
    assert untrue(ROOT / folder) == {"missing": set(), "unused": set()}


def test_an_import_that_is_not_declared_and_a_line_that_nothing_uses_are_told(tmp_path: Path) -> None:
    module = tmp_path / "src" / "intake" / "adapters"
    module.mkdir(parents=True)
    (module / "late.py").write_text("def f():\n    import yaml\n    from chassis import ids\n")
    lines = '[project]\ndependencies = ["ascolto-chassis", "rich>=15"]\n'
    (tmp_path / "pyproject.toml").write_text(lines)

    assert untrue(tmp_path) == {"missing": {"pyyaml"}, "unused": {"rich"}}
