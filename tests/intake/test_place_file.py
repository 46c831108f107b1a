"""The table of places: what is written is read again, and a table that is wrong changes nothing."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import SEED

from intake.__main__ import PLACES
from intake.adapters.place_file import COLUMNS, parse_places, read_places, written
from intake.domain.place_tree import PlaceTree
from intake.domain.places import PARENTS, AssetKind, Place, PlaceKind

FILE = Path("places.csv")
TEXT = st.from_regex(r"[=+@'\"; |,àé-]{0,3}[A-Za-z0-9À-ú][A-Za-z0-9 ,;'\"]{0,8}[a-z]", fullmatch=True)
NONE = st.just("")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(PlaceKind),
        st.integers(0, 99),
        TEXT,
        st.sampled_from(AssetKind),
        NONE | TEXT,
        st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
        st.lists(TEXT.map(lambda text: text.replace("|", "")).filter(str.strip), max_size=2),
        st.sampled_from(["", "", "2026-11-30", "30/11/2026"]),
    ),
    max_size=12,
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table as a spreadsheet writes it: any delimiter, with or without a byte order mark."""
    rows = [["p0", "province", "", "p0", "Bergamo", *[""] * 7]]
    kinds = {"p0": PlaceKind.PROVINCE}
    for kind, which, label, asset, address, position, aliases, closed in draw(ROWS):
        parents = [one for one, its in kinds.items() if its in PARENTS[kind]]
        if not parents:
            continue
        id_ = f"p{len(rows)}"
        kinds[id_] = kind
        code = id_ if kind is PlaceKind.NEIGHBOURHOOD else ""
        lat, lon = position or ("", "")
        found = [
            id_,
            kind,
            parents[which % len(parents)],
            code,
            label,
            asset if kind is PlaceKind.ASSET else "",
        ]
        rows.append([*found, address, "", f"{lat:.9f}" if position else "", f"{lon:.9f}" if position else ""])
        rows[-1] += ["|".join(aliases), closed]
    text = io.StringIO()
    csv.writer(text, delimiter=draw(st.sampled_from(";,\t"))).writerows([COLUMNS, *rows])
    return (draw(st.sampled_from(["", "\ufeff"])) + text.getvalue()).encode()


@given(tables())
def test_an_exported_table_is_imported_as_the_same_places_and_exported_as_the_same_bytes(
    table: bytes,
) -> None:
    first = parse_places(FILE, table)
    exported = written(first)
    again = parse_places(FILE, ("\ufeff" + exported).encode())

    assert again.places == first.places
    assert written(again) == exported
    assert not any(
        cell[:1] in "=+@" for row in csv.reader(io.StringIO(exported), delimiter=";") for cell in row if cell
    )


def test_a_label_that_a_spreadsheet_would_evaluate_is_written_as_text_and_read_as_it_was() -> None:
    place = Place("p", "=1+1", "", "", "p", "=1+1", kind=PlaceKind.PROVINCE)
    quoted = replace(place, label="'=1+1", province_label="'=1+1")

    assert "'=1+1" in written(PlaceTree("", (place,)))
    for one in (place, quoted):
        assert parse_places(FILE, written(PlaceTree("", (one,))).encode()).places == (one,)


def test_a_place_is_closed_with_what_it_is_part_of() -> None:
    text = (
        (SEED / "places.csv").read_text().replace("904;;45.6836;9.6707;;", "904;;45.6836;9.6707;;2026-10-01")
    )
    tree = parse_places(FILE, text.encode())
    closed = {one.id for one in tree.places if one.closed_on}

    assert {"bg-malpensata-a", "bg-malpensata-01", "bg-malpensata-01-lift"} <= closed
    assert "bg-malpensata-03" not in closed
    assert "bg-malpensata-a" not in {one.id for one in tree.search("via luzzatti").places}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A seed folder of this test."""
    return Path(shutil.copytree(SEED, tmp_path / "intake"))


def test_an_export_is_imported_without_a_change(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, file = (folder / "places.csv").read_bytes(), tmp_path / "out.csv"

    codes = [
        PLACES.run(["export", str(folder), "--to", str(file)]),
        PLACES.run(["import", str(file), str(folder)]),
    ]

    assert codes == [0, 0]
    assert file.read_bytes() == b"\xef\xbb\xbf" + before
    assert (folder / "places.csv").read_bytes() == before
    assert "0 are new, 0 have changed; 0 will be closed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("-04;building;", "-04;palazzo;", 'line 28: kind is "palazzo": write one of province'),
        ("bg-monterosso-04", "bg-monterosso-99", "bg-monterosso-04-roof"),
    ],
)
def test_a_wrong_table_or_one_that_lacks_places_changes_nothing(
    before: str, after: str, says: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, file = (folder / "places.csv").read_text(), tmp_path / "in.csv"
    file.write_text(text.replace(before, after))

    code = PLACES.run(["import", str(file), str(folder)])

    assert code == 2
    assert says in capsys.readouterr().err
    assert (folder / "places.csv").read_text() == text


def test_a_check_changes_nothing_and_an_import_that_closes_is_asked_for(folder: Path, tmp_path: Path) -> None:
    text, file = (folder / "places.csv").read_text(), tmp_path / "in.csv"
    file.write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith("bg-monterosso-04")) + "\n"
    )
    arguments = ["import", str(file), str(folder), "--close-missing"]

    checked = PLACES.run([*arguments, "--check"]), (folder / "places.csv").read_text()
    done = PLACES.run(arguments)

    assert checked == (0, text)
    assert done == 0
    assert read_places(folder).place("bg-monterosso-04") is None
