"""An archive is what was written, or it says that it is not."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.backup.archive import PART, Manifest, opened, written
from ops.backup.archive_encryption import CHUNK, Damaged, EncryptedReader, EncryptedWriter
from ops.backup.save import forget

KEY = b"k" * 32
ROWS = [{"_id": str(number), "state": {"text": "à" * number}} for number in range(200)]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(KEY)
    return path


def write(path: Path, key: Path | None) -> None:
    manifest = Manifest("2026-11-27T12:00:00+00:00", (1, 2), "8.0")
    with written(path, key) as archive:
        rows = ((bson.encode(row), 1 + number % 2) for number, row in enumerate(ROWS))
        manifest.members["a/things"] = archive.collection("a/things", json.dumps({"indexes": []}), rows)
        archive.manifest(manifest)


@pytest.mark.parametrize("locked", [False, True])
def test_what_was_written_is_read(tmp_path: Path, key: Path, locked: bool) -> None:
    path = tmp_path / "one.backup"
    write(path, key if locked else None)

    with opened(path, key if locked else None) as archive:
        assert [bson.decode(raw) for raw in archive.documents("a/things")] == ROWS
        assert archive.verify().members["a/things"].schemas == {"1": 100, "2": 100}


def damage_anywhere() -> st.SearchStrategy[float]:
    return st.floats(0, 1, exclude_max=True)


@given(damage_anywhere())
def test_a_changed_byte_of_a_locked_archive_is_noticed_wherever_it_is(
    tmp_path_factory: pytest.TempPathFactory, place: float
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    (folder / "key").write_bytes(KEY)
    write(folder / "one.backup", folder / "key")
    data = bytearray((folder / "one.backup").read_bytes())
    data[int(place * len(data))] ^= 1
    (folder / "one.backup").write_bytes(data)

    with pytest.raises(Damaged), opened(folder / "one.backup", folder / "key") as archive:
        archive.verify()


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("left", [0, 20, 1000, -1])
def test_an_archive_that_was_cut_off_is_noticed(tmp_path: Path, key: Path, locked: bool, left: int) -> None:
    path = tmp_path / "one.backup"
    write(path, key if locked else None)
    path.write_bytes(path.read_bytes()[:left])

    with pytest.raises(Damaged), opened(path, key if locked else None) as archive:
        archive.verify()


def test_a_changed_document_of_an_open_archive_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "one.backup"
    write(path, None)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)

    with pytest.raises(Damaged), opened(path, None) as archive:
        archive.verify()


def test_a_member_that_the_manifest_does_not_know_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "one.backup"
    with written(path, None) as archive:
        archive.collection("a/things", json.dumps({"indexes": []}), [])
        archive.manifest(Manifest("2026-11-27T12:00:00+00:00", (1, 2), "8.0"))

    with pytest.raises(Damaged, match="a/things"), opened(path, None):
        pass


def test_fewer_documents_than_the_manifest_says_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "one.backup"
    manifest = Manifest("2026-11-27T12:00:00+00:00", (1, 2), "8.0")
    with written(path, None) as archive:
        rows = [(bson.encode(row), 1) for row in ROWS]
        manifest.members["a/things"] = archive.collection("a/things", json.dumps({"indexes": []}), rows)
        manifest.members["a/things"].documents += 1
        archive.manifest(manifest)

    with pytest.raises(Damaged, match="200 documents"), opened(path, None) as archive:
        archive.verify()


def test_another_key_or_none_opens_nothing(tmp_path: Path, key: Path) -> None:
    path, other = tmp_path / "one.backup", tmp_path / "other"
    write(path, key)
    other.write_bytes(b"x" * 32)

    with pytest.raises(Damaged, match="the key is wrong"), opened(path, other):
        pass
    with pytest.raises(Damaged, match="encrypted"), opened(path, None):
        pass


def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path, key: Path) -> None:
    key.write_text("short")

    with pytest.raises(Damaged, match="at least 32"):
        write(tmp_path / "one.backup", key)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError), written(tmp_path / "one.backup", None) as archive:
        archive.collection("a/things", "{}", [(b"x", 1), ("no bytes", 1)])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.binary(max_size=3 * CHUNK // 2), max_size=4), st.data())
def test_any_part_of_a_locked_file_can_be_read_alone(parts: list[bytes], data: st.DataObject) -> None:
    file, whole = BytesIO(), b"".join(parts)
    writer = EncryptedWriter(file, KEY)
    for part in parts:
        writer.write(part)
    writer.finish()
    file.seek(0)
    reader = EncryptedReader(file, KEY)

    place = data.draw(st.integers(0, len(whole)))
    reader.seek(place)
    assert reader.read() == whole[place:]


def test_archives_are_forgotten_by_the_time_in_their_names(tmp_path: Path) -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    names = ["ascolto-20261120T120000Z.backup", "ascolto-20261126T120000Z.backup", "ascolto-mine.backup"]
    for name in (*names, f"{names[0]}{PART}"):
        (tmp_path / name).touch()

    removed = forget(tmp_path, timedelta(days=3), now)

    assert names[0] in removed
    assert {path.name for path in tmp_path.iterdir()} >= set(names[1:])
    assert not {*names[1:]} & set(removed)
