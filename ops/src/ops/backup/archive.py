"""The archive: one ZIP of BSON files in the layout of MongoDB's tools, with a manifest for verification."""

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

from ops.backup.archive_encryption import Damaged, EncryptedReader, EncryptedWriter, is_encrypted, read_key

FORMAT = 1
MANIFEST = "manifest.json"
PART = ".part"


@dataclass
class Member:
    """One collection: the number of documents in each form, and the checksum of their bytes."""

    documents: int = 0
    bytes: int = 0
    sha256: str = ""
    schemas: dict[str, int] = field(default_factory=dict)


@dataclass
class Manifest:
    """The contents of an archive; `members` are named `<database>/<collection>`."""

    taken_at: str
    cluster_time: tuple[int, int]
    server: str
    format: int = FORMAT
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """The total number of documents."""
        return sum(member.documents for member in self.members.values())

    def text(self) -> str:
        """The manifest as JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Parse a manifest; raises Damaged for a format that this build does not know."""
        raw = json.loads(text)
        if raw.get("format") != FORMAT:
            raise Damaged(f"the archive has format {raw.get('format')}; this build reads format {FORMAT}")
        members = {name: Member(**member) for name, member in raw.pop("members").items()}
        return cls(**raw, members=members)


class Writer:
    """Writes an archive's members one after the other."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped

    def collection(self, name: str, indexes: str, documents: Iterable[tuple[bytes, int]]) -> Member:
        """Add a collection: its indexes, and its documents' bytes, each with its form."""
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
        """Write the manifest, last."""
        self._zip.writestr(MANIFEST, manifest.text())


@contextmanager
def written(path: Path, key: Path | None) -> Iterator[Writer]:
    """An archive that gets its name only when it is complete and on disk."""
    part = path.with_name(path.name + PART)
    with part.open("xb") as file:
        try:
            locked = EncryptedWriter(file, read_key(key)) if key else None
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
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Reader:
    """Reads an archive; raises Damaged for anything that was modified."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        try:
            self.manifest = Manifest.read(zipped.read(MANIFEST))
        except (KeyError, ValueError, TypeError) as error:
            raise Damaged(f"the manifest is missing or unreadable: {error}") from error
        wanted = {f"{name}.{kind}" for name in self.manifest.members for kind in ("bson", "metadata.json")}
        different = wanted ^ (set(zipped.namelist()) - {MANIFEST})
        if different:
            raise Damaged(f"these members are missing or not in the manifest: {sorted(different)}")

    def indexes(self, name: str) -> list[dict[str, Any]]:
        """The indexes of a collection."""
        found: list[dict[str, Any]] = json.loads(self._zip.read(f"{name}.metadata.json"))["indexes"]
        return found

    def documents(self, name: str) -> Iterator[bytes]:
        """Every document of a collection; at the end, count and checksum are compared with the manifest."""
        member, digest, count = self.manifest.members[name], hashlib.sha256(), 0
        with self._zip.open(f"{name}.bson") as file:
            for raw in _split(name, file):
                digest.update(raw)
                count += 1
                yield raw
        if (count, digest.hexdigest()) != (member.documents, member.sha256):
            raise Damaged(
                f"{name}: {count} documents that differ from the {member.documents} in the manifest"
            )

    def verify(self) -> Manifest:
        """Read everything; raises Damaged for the first difference from the manifest."""
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
            raise Damaged(f"{name}: it is truncated inside a document")
        yield head + body


@contextmanager
def opened(path: Path, key: Path | None) -> Iterator[Reader]:
    """Open an archive for reading; raises Damaged when its key is missing, or for any error in it."""
    with path.open("rb") as file:
        source: IO[bytes] = file
        if is_encrypted(path):
            if key is None:
                raise Damaged(f"{path.name} is encrypted: give the file with its key")
            source = io.BufferedReader(EncryptedReader(file, read_key(key)), 1 << 20)
        try:
            with zipfile.ZipFile(source) as zipped:
                yield Reader(zipped)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Damaged(f"{path.name}: {error}") from error
