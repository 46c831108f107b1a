"""Decides whether one JSON Schema accepts every value of another; keywords that it cannot compare count as refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_NOTES = {
    "title", "description", "examples", "default", "deprecated", "$schema", "$id", "$comment", "$defs", "definitions",
    "readOnly", "writeOnly",
}  # fmt: skip
_JUDGED = {
    "type", "enum", "const", "anyOf", "oneOf", "$ref", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "pattern", "format", "items", "minItems", "maxItems", "uniqueItems",
    "properties", "required", "additionalProperties",
}  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
    "array": (list,), "object": (dict,),
}  # fmt: skip


@dataclass(frozen=True)
class Unread:
    """A place where the writer may produce a value that the reader refuses, and the reason."""

    path: str
    text: str


def unread(reader: Any, writer: Any) -> list[Unread]:
    """All places where the reader refuses a value of the writer; empty when it accepts every value."""
    return list(dict.fromkeys(_Pair(reader, writer).judge(reader, writer, "")))


@dataclass(frozen=True)
class _Pair:
    """The root schemas of the reader and the writer, which resolve `$ref`."""

    reader_root: Any
    writer_root: Any

    def judge(self, reader: Any, writer: Any, path: str) -> Iterator[Unread]:
        """The refusals between two subschemas at one path."""
        accepted, produced = _branches(reader, self.reader_root), _branches(writer, self.writer_root)
        for branch in produced:
            refusals = [list(self._one(one, branch, path)) for one in accepted]
            if not any(not found for found in refusals):
                if len(refusals) == 1:
                    yield from refusals[0]
                else:
                    yield Unread(path, f"a value of type {_name(branch)} is not expected")

    def _one(self, reader: Any, writer: Any, path: str) -> Iterator[Unread]:
        if reader is True or reader == {}:
            return
        if reader is False:
            yield Unread(path, "nothing is accepted here")
        elif writer is True or not isinstance(writer, dict):
            yield Unread(path, "any value is possible, but not every value is accepted")
        elif "enum" in writer or "const" in writer:
            for value in _values(writer):
                if not admits(reader, value):
                    yield Unread(path, f"the value {value!r} is not accepted")
        elif "enum" in reader or "const" in reader:
            yield Unread(path, "any value is possible, but only a closed list is accepted")
        else:
            yield from self._typed(reader, writer, path)

    def _typed(self, reader: Schema, writer: Schema, path: str) -> Iterator[Unread]:
        yield from _unjudged(reader, writer, path)
        produced = writer.get("type")
        accepted = reader.get("type", produced)
        if produced is None or (accepted != produced and (accepted, produced) != ("number", "integer")):
            yield Unread(path, f"{produced or 'any type'} comes where {accepted} is expected")
            return
        yield from _bounds(reader, writer, path)
        yield from _texts(reader, writer, path)
        if produced == "array":
            yield from self._array(reader, writer, path)
        elif produced == "object":
            yield from self._object(reader, writer, path)

    def _array(self, reader: Schema, writer: Schema, path: str) -> Iterator[Unread]:
        if reader.get("uniqueItems") and not writer.get("uniqueItems"):
            yield Unread(path, "items may repeat")
        yield from self.judge(reader.get("items", True), writer.get("items", True), f"{path}[]")

    def _object(self, reader: Schema, writer: Schema, path: str) -> Iterator[Unread]:
        known, produced = reader.get("properties", {}), writer.get("properties", {})
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()):
                yield Unread(_join(path, name), "may be missing and is required")
        rest, open_end = reader.get("additionalProperties", True), writer.get("additionalProperties", True)
        for name, schema in produced.items():
            yield from self.judge(known.get(name, rest), schema, _join(path, name))
        if open_end is not False:
            yield from self.judge(rest, open_end, _join(path, "*"))
            for name in known.keys() - produced.keys():
                yield from self.judge(known[name], open_end, _join(path, name))


def admits(schema: Any, value: Any) -> bool:
    """Whether a schema accepts one scalar value (text, number, boolean or null)."""
    if isinstance(schema, bool):
        return schema
    if "anyOf" in schema or isinstance(schema.get("type"), list):
        return any(admits(one, value) for one in _branches(schema, schema))
    if "enum" in schema or "const" in schema:
        return any(type(one) is type(value) and one == value for one in _values(schema))
    kind = schema.get("type")
    if kind is not None and not _is(kind, value):
        return False
    return _within(schema, value) and _shaped(schema, value)


def _within(schema: Schema, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    low, high = _low(schema), _high(schema)
    step = schema.get("multipleOf")
    return (
        (low is None or value >= low) and (high is None or value <= high) and (not step or value % step == 0)
    )


def _shaped(schema: Schema, value: Any) -> bool:
    if not isinstance(value, str):
        return True
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], value) is not None


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _branches(schema: Any, root: Any) -> list[Any]:
    """The alternatives of a schema, with resolved references."""
    if not isinstance(schema, dict):
        return [schema]
    if "$ref" in schema:
        return _branches(_resolved(schema["$ref"], root), root)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            rest = {name: value for name, value in schema.items() if name not in _NOTES | {word}}
            return [
                found | rest if isinstance(found, dict) else found
                for one in schema[word]
                for found in _branches(one, root)
            ]
    if isinstance(schema.get("type"), list):
        return [schema | {"type": kind} for kind in schema["type"]]
    return [schema]


def _resolved(reference: str, root: Any) -> Any:
    found = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema["enum"])


def _name(schema: Any) -> str:
    return str(schema.get("type", schema.get("const", "any"))) if isinstance(schema, dict) else "any"


def _unjudged(reader: Schema, writer: Schema, path: str) -> Iterator[Unread]:
    for word in sorted((reader.keys() | writer.keys()) - _NOTES - _JUDGED):
        if reader.get(word) != writer.get(word):
            yield Unread(path, f"`{word}` differs and cannot be compared")


def _bounds(reader: Schema, writer: Schema, path: str) -> Iterator[Unread]:
    pairs = [("at least", _low(reader), _low(writer), 1), ("at most", _high(reader), _high(writer), -1)]
    for words, suffix in (("characters", "Length"), ("items", "Items")):
        pairs.append((f"{words}, at least", reader.get(f"min{suffix}"), writer.get(f"min{suffix}", 0), 1))
        pairs.append((f"{words}, at most", reader.get(f"max{suffix}"), writer.get(f"max{suffix}"), -1))
    for what, accepted, produced, sign in pairs:
        if accepted is not None and (produced is None or (produced - accepted) * sign < 0):
            yield Unread(
                path,
                f"{what} {accepted} is accepted, {'any value' if produced is None else produced} is possible",
            )
    step, given = reader.get("multipleOf"), writer.get("multipleOf")
    if step and (not given or given % step):
        yield Unread(path, f"multiples of {step} are accepted")


def _texts(reader: Schema, writer: Schema, path: str) -> Iterator[Unread]:
    for word in ("pattern", "format"):
        if word in reader and reader[word] != writer.get(word):
            yield Unread(path, f"the {word} differs")


def _low(schema: Schema) -> Any:
    return _limit(schema, "minimum", "exclusiveMinimum", 1)


def _high(schema: Schema) -> Any:
    return _limit(schema, "maximum", "exclusiveMaximum", -1)


def _limit(schema: Schema, inclusive: str, exclusive: str, sign: int) -> Any:
    # An exclusive bound of an integer equals an inclusive bound one further; other numbers use a tiny step.
    bounds = []
    if inclusive in schema:
        bounds.append(schema[inclusive])
    if exclusive in schema:
        step = 1 if schema.get("type") == "integer" else 1e-9
        bounds.append(schema[exclusive] + sign * step)
    return max(bounds, key=lambda bound: bound * sign) if bounds else None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
