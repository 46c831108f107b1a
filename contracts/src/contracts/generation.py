"""Everything that is made from the registry, as text in memory: written by `generate`, compared by `check`."""

from collections.abc import Iterator
from pathlib import Path

from contracts import asyncapi, pages, typescript
from contracts.event_map import page as event_map
from contracts.partitions import murmur2, partition_of
from contracts.render import json_rows, json_text
from contracts.samples import HOME, golden
from contracts.schemas import Schema, consumer, draft_07, headers, producer
from contracts.streams import stream
from contracts.topics import BY_TYPE

# Folders where nothing but generated files may lie.
OWNED = ("schemas", "asyncapi", "golden", "typescript")
BEGIN, END = "<!-- topics: generated -->\n", "<!-- end -->\n"
# Keys with known hashes of Kafka's own tests, ids as services make them, and what trips other implementations.
KEYS = (
    "", "a", "21", "abc", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string",
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", "città", "🏠", "crs-2026-bergamo", "crs-2026-lecco",
    "crs-2026-sondrio", *(f"00000000-0000-7000-8000-{number:012d}" for number in range(1, 20)),
)  # fmt: skip


def files(home: Path = HOME) -> dict[Path, str]:
    """Every generated file and what it must say."""
    made = {home / name: text for name, text in _contract_files(home)}
    guide = home / "README.md"
    if guide.exists():
        made[guide] = _with_topics(guide.read_text())
    if (home.parent / "services").exists():
        made[home.parent / "docs" / "event-map.md"] = event_map(home.parent)
    return made


def stale(home: Path = HOME) -> list[str]:
    """What differs from what would be generated: files that are missing, edited or left over."""
    wanted = files(home)
    found = [f"{_name(path, home)}: {_fault(path)}" for path, text in wanted.items() if not _says(path, text)]
    left = [path for folder in OWNED for path in sorted((home / folder).rglob("*")) if path.is_file()]
    return found + [f"{_name(path, home)}: nothing generates it" for path in left if path not in wanted]


def write(home: Path = HOME) -> list[str]:
    """Write what differs and remove what is left over; returns the names."""
    changed = stale(home)
    wanted = files(home)
    for folder in OWNED:
        for path in (home / folder).rglob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()
    for path, text in wanted.items():
        if not _says(path, text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return changed


def _contract_files(home: Path) -> Iterator[tuple[str, str]]:
    yield "topics.json", json_text(pages.topics(home))
    yield from _schema_files("headers", "headers", headers())
    for tag, event in BY_TYPE.items():
        yield from _schema_files("producer", tag, producer(event))
        yield from _schema_files("consumer", tag, consumer(event))
        yield f"golden/{tag}.json", json_text(golden(event, home))
    for service in asyncapi.owners():
        yield f"asyncapi/{asyncapi.file_name(service)}.json", json_text(asyncapi.document(service, home))
    yield "typescript/ascolto.d.ts", typescript.module()
    yield "vectors/partitions.json", json_rows(_vector(key) for key in KEYS)
    yield "vectors/stream.json", json_text(stream(home))
    yield "COMPATIBILITY.md", pages.compatibility(home)
    yield "CHANGELOG.md", pages.changelog(home)


def _schema_files(view: str, name: str, schema: Schema) -> Iterator[tuple[str, str]]:
    path = f"{name}.json" if view == name else f"{view}/{name}.json"
    yield f"schemas/{path}", json_text(schema)
    yield f"schemas/draft-07/{path}", json_text(draft_07(schema))


def _vector(key: str) -> dict[str, object]:
    signed = int.from_bytes(murmur2(key.encode()).to_bytes(4, "big"), "big", signed=True)
    return {"key": key, "murmur2": signed} | {str(n): partition_of(key, n) for n in (6, 12, 24)}


def _with_topics(text: str) -> str:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + BEGIN + pages.topic_rows() + END + after if begin and end else text


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _fault(path: Path) -> str:
    return "is not what would be generated" if path.exists() else "is missing"


def _name(path: Path, home: Path) -> str:
    return str(path.relative_to(home.parent))
