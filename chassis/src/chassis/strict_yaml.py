"""Strict YAML with the values of JSON: no implicit conversion of words, and every value has its line."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

KeyPath = tuple[str | int, ...]
Written = tuple[KeyPath, str]

_NULL, _TEXT = "tag:yaml.org,2002:null", "tag:yaml.org,2002:str"
_PLAIN: Mapping[str, Callable[[str], Any]] = {
    _NULL: lambda _: None,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    _TEXT: lambda text: unicodedata.normalize("NFC", text),
}


@dataclass(frozen=True)
class Fault:
    """One error in a seed file: its position, the value and the fix."""

    file: Path
    line: int
    place: str
    fix: str
    value: object = None

    def __str__(self) -> str:
        value = "" if self.value is None else f" is {json.dumps(self.value, ensure_ascii=False)[:120]}"
        where = f"{self.place}{value}: " if self.place else ""
        return f"{self.file}, line {self.line}: {where}{self.fix}"


class SeedError(ValueError):
    """Seed files are invalid; the text has one line per error."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class SeedFile:
    """A parsed seed file: its bytes, its value as in JSON, and the line of each value."""

    path: Path
    content: bytes
    value: Any
    _lines: Mapping[KeyPath, int] = field(repr=False)

    def line(self, place: KeyPath) -> int:
        """The line of a value, or of the nearest enclosing one in the file."""
        steps = tuple(place)
        while steps not in self._lines:
            steps = steps[:-1]
        return self._lines[steps]

    def fault(self, place: KeyPath, fix: str) -> Fault:
        """An error at this position."""
        return Fault(self.path, self.line(place), _dotted(place), fix, self._at(place))

    def _at(self, place: KeyPath) -> Any:
        value = self.value
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value if isinstance(value, str | int | float) else None


def load(path: Path, *, words: bool = False) -> SeedFile:
    """Parse a seed file; raises SeedError where it is unreadable, not UTF-8, not YAML, or has duplicate keys.

    Only plain values are allowed: text, integers and decimals, true, false, null, lists and mappings with text keys.
    `no`, `on`, `1:30`, `0o17` and days are text; anchors, aliases, merge keys and tags are errors. With `words`, numbers and
    true and false are text too.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise SeedError(
            [Fault(path, 1, "", f"cannot be read ({error.strerror}); name the folder that has it")]
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SeedError([Fault(path, line, "", "is not UTF-8; save it as UTF-8")]) from error
    tree = _Tree(path, words)
    try:
        node = _composed(text)
        value = tree.value(node, ()) if node is not None else None
    except RecursionError as error:
        raise SeedError([Fault(path, 1, "", "is nested too deeply; write it flatter")]) from error
    except yaml.YAMLError as error:
        raise SeedError(
            [Fault(path, _line_of(error, text), "", f"is not YAML: {_problem(error)}")]
        ) from error
    if not isinstance(value, dict):
        tree.faults.append(Fault(path, 1, "", "write fields, each with its value"))
    if tree.faults:
        raise SeedError(tree.faults)
    return SeedFile(path, content, value, tree.lines)


@dataclass
class _Tree:
    """Converts YAML nodes to plain values and records their lines."""

    path: Path
    words: bool
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def value(self, node: yaml.Node, place: KeyPath) -> Any:
        self.lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(child, (*place, number)) for number, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN:
            return self._scalar(node, place)
        self._fault(node, place, f"write it without the tag {node.tag}")
        return None

    def _scalar(self, node: yaml.ScalarNode, place: KeyPath) -> Any:
        try:
            node.value.encode()
            return _PLAIN[self._kind(node)](node.value)
        except ValueError:  # an unpaired surrogate, or a tag that does not match the value
            self._fault(node, place, "write each letter as itself, and no tag")
            return None

    def _kind(self, node: yaml.ScalarNode) -> str:
        return _TEXT if self.words and node.tag != _NULL else str(node.tag)

    def _mapping(self, node: yaml.MappingNode, place: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, child in node.value:
            name = self.value(key, (*place, "(key)"))
            if not isinstance(name, str):
                self._fault(
                    key, place, "write the name of a field as text, in quotes if it looks like a number"
                )
                continue
            if name in found:
                self._fault(
                    key,
                    (*place, name),
                    f"is written twice, first on line {self.lines[*place, name]}; keep one",
                )
            found[name] = self.value(child, (*place, name))
            self.lines[*place, name] = key.start_mark.line + 1
        return found

    def _fault(self, node: yaml.Node, place: KeyPath, fix: str) -> None:
        self.faults.append(Fault(self.path, node.start_mark.line + 1, _dotted(place), fix))


class _Values(yaml.composer.Composer, yaml.resolver.Resolver):
    """The plain values of JSON, without implicit conversion of words."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class has one and shares it

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node; an alias is an error, because it can expand a value without bound."""
        if self.check_event(yaml.AliasEvent):  # type: ignore[attr-defined]
            mark = self.peek_event().start_mark  # type: ignore[attr-defined]
            raise yaml.composer.ComposerError(None, None, "write the value out: * is not read here", mark)
        return super().compose_node(parent, index)


class _Loader(_Values, yaml.SafeLoader):
    """With YAML's syntax as PyYAML reads it."""


class _QuickLoader(_Values, CParser):
    """The same with the parser in C; nodes are composed here, where nesting has a limit."""

    def __init__(self, stream: str) -> None:
        CParser.__init__(self, stream)
        yaml.composer.Composer.__init__(self)
        yaml.resolver.Resolver.__init__(self)


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
):
    _Values.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


# What the parser in C reads in another way: tags, tabs, and a byte order mark inside a text.
_READ_OTHERWISE = re.compile("[!\t\ufeff]")


def _composed(text: str) -> yaml.Node | None:
    if not _READ_OTHERWISE.search(text):
        with suppress(yaml.YAMLError):  # the other parser says better what is wrong
            return yaml.compose(text, Loader=_QuickLoader)  # type: ignore[arg-type]
    return yaml.compose(text, Loader=_Loader)


def _line_of(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    return text.count("\n", 0, getattr(error, "position", 0)) + 1


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it does not parse")


def _dotted(place: KeyPath) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in place)
