"""Seed files are read as they are written, or refused with file, line, value and fix."""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.seed import Code, Row, SeedError, SeedFile, Text, load, read, values
from chassis.strict_yaml import _Loader, _QuickLoader, _Tree

ROOT = Path(__file__).parents[2]
WORDS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=30)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner)
    ),
    max_leaves=12,
)


class Person(Row):
    """What the tests read."""

    code: Code
    name: Text
    age: int = 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the tests write."""
    return tmp_path / "file.yaml"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("true", True),
        ("1:30", "1:30"),
        ("017", "017"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        (".inf", ".inf"),
        ("~", None),
        ("", None),
        ("=", "="),
        ("Nicolo\u0300", "Nicol\u00f2"),
    ],
)
def test_a_word_stays_what_is_written(file: Path, written: str, value: object) -> None:
    file.write_text(f"code: {written}\n", encoding="utf-8")

    assert load(file).value == {"code": value}
    assert type(load(file).value["code"]) is type(value)


@pytest.mark.parametrize(
    ("written", "line", "told"),
    [
        (b"code: a\ncode: b\n", 2, "code: is written twice, first on line 1"),
        (b"x:\n  a: 1\n  a: 2\n", 3, "x.a: is written twice, first on line 2"),
        (b"a: &x 1\nb: *x\n", 2, "write the value out"),
        (b"a: &x [*x]\n", 1, "write the value out"),
        (b"a: !!python/name:os.system x\n", 1, "without the tag"),
        (b"a:\n  1: x\n", 2, "the name of a field as text"),
        (b"a:\n  ? [b]\n  : x\n", 2, "the name of a field as text"),
        (b"a: [1\nb: 2\n", 2, "is not YAML"),
        (b"a: 1\n---\nb: 2\n", 2, "is not YAML"),
        (b"a: 1\nb: \xff\n", 2, "is not UTF-8"),
        (b"a: 1\nb: \x00\n", 2, "is not YAML"),
        (b'a: 1\nb: "\\ud83d\\ude00"\n', 2, "b: write each letter as itself"),
        (b"", 1, "write fields"),
        (b"- a\n", 1, "write fields"),
        (b"just text\n", 1, "write fields"),
    ],
)
def test_what_yaml_hides_is_refused_with_its_line(file: Path, written: bytes, line: int, told: str) -> None:
    file.write_bytes(written)

    with pytest.raises(SeedError, match=told) as refused:
        load(file)

    assert refused.value.faults[0].line == line


def test_every_fault_of_a_file_is_told(file: Path) -> None:
    file.write_text('code: A\nname: "\\u200b"\nage: true\nheight: 2\n', encoding="utf-8")

    with pytest.raises(SeedError) as refused:
        read(load(file), Person)

    assert str(refused.value).splitlines() == [
        f'{file}, line 1: code is "A": write a code: lowercase letters, digits, dot, dash and underscore, at most 64',
        f'{file}, line 2: name is "\u200b": The text shows nothing. Write what is meant.',
        f"{file}, line 3: age is true: write a whole number",
        f"{file}, line 4: height is 2: is not a field here; correct its name or remove it",
    ]


def test_a_field_that_is_missing_is_told_where_it_belongs(file: Path) -> None:
    file.write_text("\ncode: a\n", encoding="utf-8")

    with pytest.raises(SeedError, match="line 2: name: is missing; write it"):
        read(load(file), Person)


@given(TREES)
@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_written_in_quotes_and_brackets_is_read_as_it_is(file: Path, tree: Any) -> None:
    file.write_text(json.dumps({"tree": tree}), encoding="utf-8")

    assert load(file).value == {"tree": composed(tree)}


def composed(tree: Any) -> Any:
    match tree:
        case str():
            return unicodedata.normalize("NFC", tree)
        case list():
            return [composed(one) for one in tree]
        case dict():
            return {name: composed(one) for name, one in tree.items()}
        case _:
            return tree


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_are_a_mapping_or_a_fault_with_a_line(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        found = [file_line(load(file), name) for name in load(file).value]
    except SeedError as refused:
        found = [fault.line for fault in refused.faults]
    assert all(1 <= line <= len(content) + 1 for line in found)


SHIPPED = sorted((ROOT / "deploy" / "seed").rglob("*.yaml"))
PIECES = st.sampled_from(
    [
        ": ",
        "- ",
        " #",
        "'",
        '"',
        "\n",
        "  ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "|",
        ">",
        "%",
        "a",
        "é",
        "12",
        "~",
        "\\n",
        "---\n",
        "\r\n",
        "*a",
        "&a",
    ]
)


def as_read(loader: Any, text: str) -> Any:
    """The value, the lines and the faults; None when it does not parse."""
    tree = _Tree(Path("file.yaml"), words=False)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError:
        return None
    return node and (tree.value(node, ()), tree.lines, tree.faults)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_both_parsers_read_the_same(text: str) -> None:
    quick = as_read(_QuickLoader, text)

    assert quick is None or as_read(_Loader, text) in (quick, None)


@pytest.mark.slow
def test_both_parsers_read_the_shipped_files_alike() -> None:
    assert len(SHIPPED) > 20
    for path in SHIPPED:
        text = path.read_text("utf-8")
        assert as_read(_QuickLoader, text) == as_read(_Loader, text)


def file_line(read_file: SeedFile, name: str) -> int:
    return read_file.line((name,))


def test_codes_of_another_file_are_found_and_a_missing_file_says_nothing(file: Path) -> None:
    file.write_text("towns:\n  - code: a\n    parts: [{code: b}, {code: c}]\n  - code: d\n", encoding="utf-8")

    assert values(file, "towns", "code") == frozenset("ad")
    assert values(file, "towns", "parts", "code") == frozenset("bc")
    assert values(file.with_name("other.yaml"), "towns") is None


@pytest.mark.slow
@pytest.mark.parametrize("service", ["intake", "routing", "subsidies", "notify"])
def test_the_files_are_checked_before_a_start(service: str, tmp_path: Path) -> None:
    def check(folder: Path) -> "subprocess.CompletedProcess[str]":
        words = [sys.executable, "-m", service, "seed-check", str(folder)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60)

    good, bad = check(ROOT / "deploy" / "seed" / service), check(tmp_path)

    assert (good.returncode, good.stderr) == (0, "")
    assert bad.returncode == 2
    assert str(tmp_path) in bad.stderr
    assert "Traceback" not in bad.stderr
