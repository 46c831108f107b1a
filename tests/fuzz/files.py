"""Damaged lists and mappings, read as an import reads them; every line must be accounted for."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fuzz.envelopes import ReadResults

from intake.app.imports.csv_rows import ImportFailed, Row, read_rows, survey
from intake.app.imports.mapping_file import read_mapping
from intake.app.imports.results import defused
from intake.domain.import_mapping import ImportMapping
from intake.domain.import_rows import Mapped, map_row

MAPPING = Path(__file__).parents[2] / "deploy" / "seed" / "intake" / "import-municipium.yaml"
SHIPPED = read_mapping(MAPPING)
HEADER = b"Id;Stato;Anno;Creato;Chiusa;DescrizioneBreve;Categoria\n"
SOUND = ("7", "", "2026", "2026-01-01", "", "ascensore fermo", "Buche")
CELLS = (
    "", " ", "7", "=1+1", "2026-01-01", "01/02/2026", "1769904000", "2026-03-29T02:30:00", "9999-12-31", "0001-01-01T00:00:00+14:00",
    "Buche", "Accessibilita\u0300", "riga\nriga", 'ha detto "presto"', "\u200b", "x" * 5000, "\\N", "\0", "caffè; poi", "\ufeff",
)  # fmt: skip
SIGNS = (
    b'"', b'""', b";", b",", b"\n", b"\r", b"\r\n", b"\\", b'\\"', b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe8", b'";"', b'"\n"', b";;;;;;\n",
)  # fmt: skip
WORDS = (
    b"no", b"~", b"[", b"]", b"{", b"}", b": ", b"- ", b"&a ", b"*a", b"!!int ", b"\t", b"%", b'"%s"', b'"%Y"', b'"%Y%Y"', b"utf-16", b"utf-7",
    b"latin-1", b"idna", b"escape: \\\n", b"<<: ", b"7", b"\xff", b"\n", b"source: x\n", b"#", b"Europe", b"'|'",
)  # fmt: skip
Rows = Callable[[Path, ImportMapping], Iterator[Row]]


def read_damaged(count: int, seed: int, rows: Rows = read_rows) -> ReadResults:
    """Read lists, some with a damaged mapping; note errors, and lines that are in no row or in two."""
    rng, reading, sound = random.Random(seed), ReadResults(), MAPPING.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        mapping, file = Path(folder, "mapping.yaml"), Path(folder, "list.csv")
        for _ in range(count):
            mapping.write_bytes(_damaged(rng, sound, WORDS))
            file.write_bytes(_list(rng))
            try:
                found = read_mapping(mapping) if rng.random() < 0.15 else SHIPPED
                result = _result(file, found, rows)
            except ImportFailed as error:
                result = "told"
                if not str(error).isprintable():
                    reading.uncaught.append(f"not printable: {error!r}")
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                text = f"{type(error).__name__}: {error}"
                reading.uncaught.append(f"{text} on {file.read_bytes()!r} with {mapping.read_bytes()!r}")
                result = "uncaught"
            reading.results[result] += 1
    return reading


def _list(rng: random.Random) -> bytes:
    lines = [";".join(_cell(rng, sound) for sound in SOUND[: rng.choice((7, 7, 7, 7, 6))]) for _ in range(5)]
    text = HEADER + "".join(line + rng.choice(("\n", "\n", "\r\n", "\r")) for line in lines).encode()
    if rng.random() < 0.1:
        text = text.decode().encode(rng.choice(("utf-16", "utf-16-le", "utf-7", "utf-8-sig")))
    return _damaged(rng, text, SIGNS) if rng.random() < 0.8 else text


def _cell(rng: random.Random, sound: str) -> str:
    text = rng.choice(CELLS) if rng.random() < 0.15 else sound
    return '"' + text.replace('"', '""') + '"' if rng.random() < 0.5 else text


def _damaged(rng: random.Random, was: bytes, signs: tuple[bytes, ...]) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(was) + 1)
        gone = rng.choice((0, 0, 1, 1, 20))
        was = was[:place] + rng.choice((*signs, rng.randbytes(2))) + was[place + gone :]
    return was


def _result(file: Path, mapping: ImportMapping, rows: Rows) -> str:
    """How a list was read; raises when a line is not in exactly one row, or a row is neither mapped nor rejected."""
    found = survey(file, mapping)
    line, results = found.header + 1, set()
    for row in rows(file, mapping):
        assert row.line == line
        assert row.blank + bool(row.problem) + bool(row.cells) == 1
        line += row.lines
        results.add(_row(row, mapping))
    assert line == found.lines + 1
    assert found.lines == found.header + found.rows + found.blank
    return "mapped" if "mapped" in results else "rejected"


def _row(row: Row, mapping: ImportMapping) -> str:
    if not row.cells:
        return "blank" if row.blank else "trouble"
    one = map_row(mapping, row.cells)
    if isinstance(one, Mapped):
        f"{one.row_id}{one.draft}".encode()
        assert not defused(one.row_id).startswith(("=", "+", "-", "@", "\t", "\r"))
        return "mapped"
    assert one.reason
    f"{one.row_id}{one.reason}".encode()
    return "rejected"
