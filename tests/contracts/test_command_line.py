"""The command line needs only the package and pydantic, and its errors name the place and the reason."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.__main__ import main
from stack.tools import REPOSITORY

GOOD = '{"report_id": "00000000-0000-7000-8000-000000000001", "outcome": "solved"}'
HOME = REPOSITORY / "contracts"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run_main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command; returns its exit code and its output."""

    def line(*words: str | Path, given: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return line


def test_it_shows_topics_types_and_schemas(run_main: Run) -> None:
    def shown(*words: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(run_main("show", *words)[1])
        return found

    assert "case-opened.v1" in run_main("show")[1]
    assert shown("routing.cases")["partitions"] == 12
    assert shown("case-opened.v1")["additionalProperties"] is True
    assert shown("case-opened.v1", "--producer")["additionalProperties"] is False
    assert "draft-07" in str(shown("headers", "--draft-07")["$schema"])
    assert run_main("show", "case-dreamt.v1")[0] == 2


@pytest.mark.parametrize(
    ("words", "given", "code", "output"),
    [
        (("--type", "case-resolved.v1"), GOOD, 0, "valid"),
        (("--type", "case-resolved.v1"), GOOD[:-1] + ', "mood": "good"}', 0, "valid"),
        (("--type", "case-resolved.v1", "--producer"), GOOD[:-1] + ', "mood": "good"}', 1, "mood"),
        (("--type", "case-resolved.v1"), "{}", 1, "report_id: Field required"),
        (("--type", "case-resolved.v1"), "[]", 1, "case-resolved.v1"),
        (("--type", "case-resolved.v9"), GOOD, 1, "case-resolved.v9 is not known"),
        (("--type", "case-resolved.v1"), "{", 2, "contracts: Expecting"),
        ((), GOOD, 1, "key, headers"),
    ],
)
def test_it_validates_a_value(
    run_main: Run, words: tuple[str, ...], given: str, code: int, output: str
) -> None:
    found, printed = run_main("validate", "-", *words, given=given)

    assert found == code
    assert output in printed


def test_it_validates_records(run_main: Run) -> None:
    assert run_main("validate", HOME / "golden/case-opened.v1.json") == (0, "valid\n")


def test_it_compares_schemas_and_baselines(run_main: Run, tmp_path: Path) -> None:
    path = HOME / "schemas/producer/case-opened.v1.json"
    narrower = tmp_path / "narrower.json"
    narrower.write_text(path.read_text().replace('"rule",', "", 1))

    assert run_main("diff", path, path)[0] == 0
    assert "rule: may be missing and is required" in run_main("diff", path, narrower)[1]
    assert run_main("diff", "case-opened.v1")[0] == 0
    assert run_main("diff", "case-dreamt.v1")[0] == 2


def test_it_generates_what_is_missing_and_checks_the_rest(run_main: Run, home: Path) -> None:
    (home / "topics.json").unlink()

    assert run_main("generate", "--check", "--home", home)[0] == 1
    assert "wrote contracts/topics.json" in run_main("generate", "--home", home)[1]
    assert run_main("generate", "--check", "--home", home)[0] == 0
    assert run_main("release", "--home", home) == (0, "")
    assert run_main("check", "--home", home)[0] == 0


def test_the_package_needs_pydantic_and_nothing_else() -> None:
    code = (
        "import pkgutil, sys, contracts\n"
        "for m in pkgutil.walk_packages(contracts.__path__, 'contracts.'):\n"
        "    if m.name != 'contracts.__main__': __import__(m.name)\n"
        "import contracts.__main__\n"
        "ours = {'contracts', 'pydantic', 'pydantic_core', 'annotated_types', 'typing_extensions', 'typing_inspection'}\n"
        "found = {n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names) - ours\n"
        "print(sorted(n for n in found if not n.startswith('_') and getattr(sys.modules[n], '__file__', '')))\n"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert result.stdout.strip() == "[]", result.stdout + result.stderr
