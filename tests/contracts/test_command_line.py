"""The command line works with nothing but the package and pydantic, and says what is wrong and where."""

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

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a line and gives its exit code and everything it printed."""

    def line(*words: str | Path, given: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return line


def test_it_shows_topics_types_and_schemas(say: Say) -> None:
    def shown(*words: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(say("show", *words)[1])
        return found

    assert "case-opened.v1" in say("show")[1]
    assert shown("routing.cases")["partitions"] == 12
    assert shown("case-opened.v1")["additionalProperties"] is True
    assert shown("case-opened.v1", "--producer")["additionalProperties"] is False
    assert "draft-07" in str(shown("headers", "--draft-07")["$schema"])
    assert say("show", "case-dreamt.v1")[0] == 2


@pytest.mark.parametrize(
    ("words", "given", "code", "says"),
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
def test_it_validates_a_value(say: Say, words: tuple[str, ...], given: str, code: int, says: str) -> None:
    found, printed = say("validate", "-", *words, given=given)

    assert found == code
    assert says in printed


def test_it_validates_records(say: Say) -> None:
    assert say("validate", HOME / "golden/case-opened.v1.json") == (0, "valid\n")


def test_it_compares_schemas_and_baselines(say: Say, tmp_path: Path) -> None:
    path = HOME / "schemas/producer/case-opened.v1.json"
    narrower = tmp_path / "narrower.json"
    narrower.write_text(path.read_text().replace('"rule",', "", 1))

    assert say("diff", path, path)[0] == 0
    assert "rule: may be missing and is required" in say("diff", path, narrower)[1]
    assert say("diff", "case-opened.v1")[0] == 0
    assert say("diff", "case-dreamt.v1")[0] == 2


def test_it_generates_what_is_missing_and_checks_the_rest(say: Say, home: Path) -> None:
    (home / "topics.json").unlink()

    assert say("generate", "--check", "--home", home)[0] == 1
    assert "wrote contracts/topics.json" in say("generate", "--home", home)[1]
    assert say("generate", "--check", "--home", home)[0] == 0
    assert say("release", "--home", home) == (0, "")
    assert say("check", "--home", home)[0] == 0


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
