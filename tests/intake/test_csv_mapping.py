"""Mapping files: values are literal text, and an error names its line."""

from pathlib import Path

import pytest
from tests.intake.lists import GOOD, MAPPING_FILE, changed

from chassis.seed import SeedError
from intake.app.imports.csv_rows import ImportFailed
from intake.app.imports.mapping_file import check_mappings, read_mapping
from intake.domain.categories import Categories
from intake.domain.import_rows import Mapped, Rejected, map_row
from intake.domain.place_tree import PlaceTree

BUCHE = "  Buche: area-esterna"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('delimiter: ";"', 'delimiter: ";;"', "delimiter"),
        ('delimiter: ";"', "delimiter: \\t", "a tab, in double quotes"),
        ("encoding: utf-8", "encoding: klingon", "line 8.*klingon"),
        ("encoding: utf-8", "encoding: base64", "base64"),
        ("  id: Id", "  identity: Id", "must name exactly"),
        ("fixed: bg-monterosso", "nowhere: x", "line .*place"),
        ("  state: Stato", "  # no state", "cancelled: name the column of the state"),
        ("timezone: Europe/Rome", "timezone: Marte/Sud", "Marte"),
        ("timezone: Europe/Rome", "timezone: Europe", "time zone"),
        ("source: municipium", "source: [", "not YAML"),
        ("source: municipium", "fonte: municipium", "source"),
        (
            "source: municipium",
            "source: municipium\nsource: other",
            "line 7: source: is written twice, first on line 6",
        ),
        (BUCHE, f"{BUCHE}\n  Buche: verde", "Buche: is written twice"),
        (BUCHE, "  Citta\u0300: verde\n  Città: altro", "Città: is written twice"),
        (BUCHE, "  Buche: [verde]", "categories.Buche"),
        (BUCHE, "  Buche:", "categories.Buche"),
        (BUCHE, "  [Buche]: verde", "the name of a field as text"),
        (BUCHE, "  Buche: *verde", "not YAML"),
        ('"%Y-%m-%d"', '"YYYY-MM-DD"', "line .*lacks year, month or day"),
        ('"%Y-%m-%d"', '"%d/%m"', "lacks year"),
        ('"%Y-%m-%d"', '"%Y"', "lacks year"),
        ('"%Y-%m-%d"', '"%J"', "cannot be read"),
        ('"%Y-%m-%d"', '"%Y%Y%m%d"', "cannot be read"),
        ('"%Y-%m-%d"', '"%Y-%m-%d %Z"', "use %z"),
        ('"%Y-%m-%d"', '"%s %Y"', "must be the whole format"),
    ],
)
def test_a_mistake_in_the_mapping_is_named(tmp_path: Path, before: str, after: str, says: str) -> None:
    with pytest.raises(ImportFailed, match=says):
        read_mapping(changed(tmp_path, before, after))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[" * 50_000, b"\xff\xfea", b"\0", b"a: &a [*a]", b"- source: x"]
)
def test_an_invalid_mapping_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_bytes(content)

    with pytest.raises(ImportFailed):
        read_mapping(file)


def test_values_that_yaml_would_convert_stay_text(tmp_path: Path) -> None:
    words = {"no": "off", "On": "yes", "007": "3.50", "2026-01-01": "1e3", "0x1F": "12:30:00"}
    lines = "\n".join(f"  {said}: {code}" for said, code in words.items())

    mapping = read_mapping(changed(tmp_path, BUCHE, lines))

    assert words.items() <= dict(mapping.categories).items()


def test_a_column_of_places_is_looked_up_in_its_table(tmp_path: Path) -> None:
    place = "column: Via\n  map: {Via Turbada: lc-belledo-01, Via Ca\u0300: lc-belledo-02}"
    mapping = read_mapping(changed(tmp_path, "fixed: bg-monterosso", place))

    known, composed, unknown = (
        map_row(mapping, GOOD | {"Via": street}) for street in ("Via Turbada", "Via Cà", "Via Ignota")
    )

    assert isinstance(known, Mapped)
    assert known.draft.place_id == "lc-belledo-01"
    assert isinstance(composed, Mapped)
    assert isinstance(unknown, Rejected)
    assert "Via Ignota" in unknown.reason


def test_the_shipped_mapping_is_read() -> None:
    assert read_mapping(MAPPING_FILE).source == "municipium"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            BUCHE,
            "  Buche: area-interna",
            r"line 35: categories\.Buche is \"area-interna\": there is no such code",
        ),
        ("category_when_empty: altro", "category_when_empty: altri", "category_when_empty is"),
        ("fixed: bg-monterosso", "fixed: bg-monterossi", r"place\.fixed is"),
    ],
)
def test_codes_of_a_mapping_are_checked_against_the_registers_before_a_start(
    tmp_path: Path, registers: tuple[Categories, PlaceTree], before: str, after: str, says: str
) -> None:
    changed(tmp_path, before, after).rename(tmp_path / "import-other.yaml")

    with pytest.raises(SeedError, match=says):
        check_mappings(tmp_path, *registers)
