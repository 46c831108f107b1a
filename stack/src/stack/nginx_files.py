"""What the gateway of the local stack takes from the deployed nginx configuration: its maps, its own answers and its limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_MAP = re.compile(r"^\s*map\s+(\S+)\s+\$(\w+)\s*\{\n(.*?)\n\s*\}", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;]+)""")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_ANSWERS = re.compile(r"^location ~ \^/gateway/\S+\\\.(\w+)\$ \{\n(.*?)\n\}", re.MULTILINE | re.DOTALL)


def _words(line: str) -> list[str]:
    """The words of a directive, without quotes."""
    found = []
    for word in _WORD.findall(line.strip().removesuffix(";")):
        quoted = word[0] in "\"'" and word[-1] == word[0] and len(word) > 1
        found.append(re.sub(r"\\([\"'])", r"\1", word[1:-1]) if quoted else word)
    return found


@dataclass(frozen=True)
class NginxMap:
    """One `map` block: the first row that matches the source gives the value."""

    source: str
    rows: Sequence[tuple[str, str]]

    def find(self, text: str) -> tuple[str, Mapping[str, str]]:
        """The value for this text, and the groups that its expression captured."""
        default = ""
        for key, value in self.rows:
            if key == "default":
                default = value
            elif key.startswith("~"):
                flags = re.IGNORECASE if key.startswith("~*") else 0
                if found := re.search(key.lstrip("~*"), text, flags):
                    return value, {name: part or "" for name, part in found.groupdict().items()}
            elif key == text:
                return value, {}
        return default, {}


@dataclass(frozen=True)
class OwnAnswer:
    """One format of the gateway's own answers: its type and its headers, in which variables may occur."""

    content_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class NginxFiles:
    """The deployed configuration, as far as it decides what a request is answered."""

    maps: Mapping[str, NginxMap]
    answers: Mapping[str, OwnAnswer]
    codes: Mapping[str, int]
    dropped: frozenset[str]
    gzip_types: frozenset[str]
    gzip_from: int
    most_bytes: int

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The configuration in this folder; raises KeyError, IndexError or ValueError when something is not where it was."""
        main, answers, locations = (
            (folder / name).read_text(encoding="utf-8")
            for name in ("nginx.conf", "answers.conf", "locations.conf")
        )
        return cls(
            maps=_maps(main) | _maps(answers),
            answers={ending: _answer(block) for ending, block in _ANSWERS.findall(locations)},
            codes={
                page: int(code) for page, code in re.findall(r"\$page = (\w+)\) \{ return (\d+)", locations)
            }
            | {"away": 503},
            dropped=frozenset(name.lower() for name in re.findall(r"proxy_set_header (\S+)", main)),
            gzip_types=frozenset({"text/html", *_one(r"gzip_types ([^;]+);", main).split()}),
            gzip_from=int(_one(r"gzip_min_length (\d+);", main)),
            most_bytes=int(_one(r"client_max_body_size (\d+)m;", main)) * 1024**2,
        )

    def value(self, name: str, variables: Mapping[str, str]) -> str:
        """The value of an nginx variable for a request, whose own variables are given."""
        if name in variables:
            return variables[name]
        known = self.maps[name]
        found, captured = known.find(self.filled(known.source, variables))
        return self.filled(found, {**variables, **captured})

    def filled(self, text: str, variables: Mapping[str, str]) -> str:
        """The text with the values of the variables in it."""
        return _VARIABLE.sub(lambda found: self.value(found[1], variables), text)


def _one(pattern: str, text: str) -> str:
    return str(re.findall(pattern, text)[0])


def _maps(text: str) -> dict[str, NginxMap]:
    found = {}
    for source, name, block in _MAP.findall(text):
        lines = [line for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
        rows = [(words[0].replace("(?<", "(?P<"), words[1]) for words in map(_words, lines)]
        found[name] = NginxMap(source.strip("\"'"), rows)
    return found


def _answer(block: str) -> OwnAnswer:
    directives = [_words(line) for line in block.splitlines()]
    headers = {words[1]: words[2] for words in directives if words and words[0] == "add_header"}
    return OwnAnswer(next(words[1] for words in directives if words and words[0] == "default_type"), headers)
