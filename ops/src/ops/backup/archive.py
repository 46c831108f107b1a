"""The archive: one ZIP of BSON files in the folders that MongoDB's own tools know, and a manifest that everything is held against."""

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from ops.backup.vault import Damaged, LockedReader, LockedWriter, is_locked, read_key

FORMAT = 1
MANIFEST = "manifest.json"
PART = ".part"


@dataclass
class Member:
    """What is in one collection: how many documents in which form, and the checksum of their bytes."""

    documents: int = 0
    bytes: int = 0
    sha256: str = ""
    schemas: dict[str, int] = field(default_factory=dict)


@dataclass
class Manifest:
    """What an archive says of itself; `members` are named `<database>/<collection>`."""

    taken_at: str
    cluster_time: tuple[int, int]
    server: str
    format: int = FORMAT
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """How many documents there are in all."""
        return sum(member.documents for member in self.members.values())

    def text(self) -> str:
        """The manifest as it is written."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """The manifest that was written; raises Damaged for one that this build cannot know."""
        raw = json.loads(text)
        if raw.get("format") != FORMAT:
            raise Damaged(f"the archive has format {raw.get('format')} and this build knows {FORMAT}")
        members = {name: Member(**member) for name, member in raw.pop("members").items()}
        return cls(**raw, members=members)


class Writer:
    """Writes an archive's members one after the other."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped

    def collection(self, name: str, indexes: str, documents: Iterable[tuple[bytes, int]]) -> Member:
        """Add a collection: its indexes, and its documents' bytes, each with the form it is in."""
        self._zip.writestr(f"{name}.metadata.json", indexes)
        member, digest = Member(), hashlib.sha256()
        with self._zip.open(f"{name}.bson", "w", force_zip64=True) as file:
            for raw, schema in documents:
                file.write(raw)
                digest.update(raw)
                member.documents += 1
                member.bytes += len(raw)
                member.schemas[str(schema)] = member.schemas.get(str(schema), 0) + 1
        member.sha256 = digest.hexdigest()
        return member

    def manifest(self, manifest: Manifest) -> None:
        """Say what the archive consists of; the last thing that is written."""
        self._zip.writestr(MANIFEST, manifest.text())


@contextmanager
def written(path: Path, key: Path | None) -> Iterator[Writer]:
    """An archive that has its name only when it is whole and on the disk."""
    part = path.with_name(path.name + PART)
    with part.open("xb") as file:
        try:
            locked = LockedWriter(file, read_key(key)) if key else None
            target = cast(BinaryIO, locked or file)
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
                yield Writer(zipped)
            if locked:
                locked.finish()
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink()
            raise
    part.rename(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Reader:
    """Reads an archive; whatever is not as it was written raises Damaged."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        try:
            self.manifest = Manifest.read(zipped.read(MANIFEST))
        except (KeyError, ValueError, TypeError) as error:
            raise Damaged(f"the manifest is missing or unreadable: {error}") from error
        wanted = {f"{name}.{kind}" for name in self.manifest.members for kind in ("bson", "metadata.json")}
        different = wanted ^ (set(zipped.namelist()) - {MANIFEST})
        if different:
            raise Damaged(f"these members do not belong to the manifest or are missing: {sorted(different)}")

    def indexes(self, name: str) -> list[dict[str, Any]]:
        """The indexes that a collection had."""
        found: list[dict[str, Any]] = json.loads(self._zip.read(f"{name}.metadata.json"))["indexes"]
        return found

    def documents(self, name: str) -> Iterator[bytes]:
        """Every document of a collection; at their end count and checksum are held against the manifest."""
        member, digest, count = self.manifest.members[name], hashlib.sha256(), 0
        with self._zip.open(f"{name}.bson") as file:
            for raw in _split(name, file):
                digest.update(raw)
                count += 1
                yield raw
        if (count, digest.hexdigest()) != (member.documents, member.sha256):
            raise Damaged(f"{name}: {count} documents that are not the {member.documents} of the manifest")

    def verify(self) -> Manifest:
        """Read everything; raises Damaged for the first thing that is not as it was written."""
        for name in self.manifest.members:
            self.indexes(name)
            for _ in self.documents(name):
                pass
        return self.manifest


def _split(name: str, file: IO[bytes]) -> Iterator[bytes]:
    while head := file.read(4):
        size = struct.unpack("<i", head)[0] if len(head) == 4 else 0
        body = file.read(size - 4) if size > 4 else b""
        if len(body) != size - 4:
            raise Damaged(f"{name}: it ends inside a document")
        yield head + body


@contextmanager
def opened(path: Path, key: Path | None) -> Iterator[Reader]:
    """An archive to read; raises Damaged for one that needs a key and gets none, and for whatever is wrong with it."""
    with path.open("rb") as file:
        source: IO[bytes] = file
        if is_locked(path):
            if key is None:
                raise Damaged(f"{path.name} is locked: name the file with its key")
            source = io.BufferedReader(LockedReader(file, read_key(key)), 1 << 20)
        try:
            with zipfile.ZipFile(source) as zipped:
                yield Reader(zipped)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Damaged(f"{path.name}: {error}") from error
