"""Modules, classes, functions and headings of documents use the terms of docs/glossary.md, and none of those that it replaces."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    "contracts/src",
    "chassis/src",
    "webkit/src",
    "ops/src",
    "stack/src",
    "services",
    "bench",
    "tests",
    "deploy",
)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs", "contracts/README.md")

# A term that was replaced, as one part of a name, and the term in its place (docs/glossary.md).
REPLACED: Mapping[str, str] = {
    "say": "event",
    "says": "publishes",
    "hear": "subscribe",
    "hears": "subscribes",
    "speaks": "publishes",
    "turn": "unit of work",
    "turns": "unit of work",
    "fold": "batch processor",
    "lane": "session or worker",
    "lanes": "sessions or workers",
    "doors": "service context",
    "slip": "receipt",
    "slips": "receipts",
    "kept": "tracked document",
    "settled": "reference data",
    "ending": "result",
    "advice": "offset committer",
    "brake": "circuit breaker",
    "tally": "batch metrics",
    "depths": "queue gauges",
    "mending": "dead letters",
    "neighbours": "change-stream waker",
    "asking": "http client",
    "lenient": "raw fetch",
    "vault": "archive encryption",
    "wording": "catalogue",
    "tellings": "triggers",
    "telling": "trigger",
    "ground": "fault context",
    "deck": "fault catalogue",
    "badge": "dev token",
    "badges": "dev tokens",
    "denials": "permission tests",
}
# Where such a word is a term of its own: a lock is held, a result is settled by a provider, an alias is public.
OTHER_MEANING: Mapping[str, frozenset[str]] = {}


def parts(name: str) -> set[str]:
    """The words of an identifier or a heading, in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return {word.lower() for word in re.split(r"[^A-Za-z]+", spaced) if word}


def names(file: Path) -> Iterator[str]:
    """The module's own name, and those of its classes and functions; tests are sentences and are not read."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(
            node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and not node.name.startswith("test_"):
            yield node.name


def headings(file: Path) -> Iterator[str]:
    """The headings of a Markdown document."""
    yield from re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)


def replaced(names: Iterator[str]) -> set[tuple[str, str]]:
    """Each name with the replaced term that it carries."""
    return {
        (name, word)
        for name in names
        for word in parts(name) & REPLACED.keys()
        if name not in OTHER_MEANING.get(word, frozenset())
    }


def modules() -> list[Path]:
    return sorted(
        file for folder in SOURCES for file in (ROOT / folder).rglob("*.py") if ".venv" not in file.parts
    )


def documents() -> list[Path]:
    found = [
        path
        for name in DOCUMENTS
        for path in ([ROOT / name] if name.endswith(".md") else (ROOT / name).rglob("*.md"))
    ]
    return sorted(found)


def test_no_name_carries_a_term_that_was_replaced() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {name}: {REPLACED[word]}"
        for file in modules()
        for name, word in replaced(names(file))
    }
    assert found == set()


def test_no_heading_carries_a_term_that_was_replaced() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {name}: {REPLACED[word]}"
        for file in documents()
        for name, word in replaced(headings(file))
    }
    assert found == set()


@pytest.mark.parametrize("name", ["MongoLane", "_take_turn", "doors_of", "Speaks"])
def test_a_replaced_term_is_found_wherever_it_stands_in_a_name(name: str) -> None:
    assert replaced(iter([name]))
