"""Paths with blanks, accents and other characters reach the engines unchanged."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.paths import check_path, properties_value
from stack.processes import StackError
from stack.system import System

ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)", re.DOTALL)
SHORT = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def java_reads(line: str) -> tuple[str, str]:
    """Parses a line as java.util.Properties does: ISO-8859-1 with escapes."""
    name, value = line.encode("ascii").decode("iso-8859-1").split("=", 1)

    def unit(found: re.Match[str]) -> str:
        word = found[1]
        return chr(int(word[1:], 16)) if len(word) == 5 else SHORT.get(word, word)

    read = ESCAPE.sub(unit, value.lstrip(" \t\f"))
    return name, read.encode("utf-16-be", "surrogatepass").decode("utf-16-be")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_java_reads_back_every_value(value: str) -> None:
    assert java_reads(f"log.dirs={properties_value(value)}") == ("log.dirs", value)


@pytest.mark.parametrize(
    "name",
    [
        "caffè",
        "Città d'arte",
        "100%",
        "a#b",
        'say "hi"',
        "$HOME",
        "a=b:c",
        "日本",
        "🏠",
        "a\\u0041",
        "x" * 200,
    ],
)
def test_common_folder_names_are_accepted(tmp_path: Path, name: str) -> None:
    check_path(tmp_path / name)
    assert java_reads(f"log.dirs={properties_value(tmp_path / name)}")[1] == str(tmp_path / name)


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a,b", "${env:HOME}", "a\x7f", "latin\udce8"])
def test_an_unsupported_name_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(StackError, match="use another folder"):
        System(tmp_path / name).start()
    assert list(tmp_path.iterdir()) == []
