"""Reading a list: no row is hidden by a quote, and every line belongs to one row, one blank record or one rejection."""

import csv
import io
import itertools
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.intake.lists import HEADER, MAPPING, changed, listed, row_of

from intake.app.imports.csv_rows import ImportFailed, Row, read_rows, survey
from intake.app.imports.mapping_file import read_mapping
from intake.domain.import_mapping import ImportMapping
from intake.domain.import_rows import Rejected, map_row

COLUMNS = ("Id", "Creato", "Chiusa", "Stato", "DescrizioneBreve", "Categoria")
ESCAPED = replace(MAPPING, escape="\\")


def read(folder: Path, text: str, mapping: ImportMapping = MAPPING) -> list[Row]:
    """The rows of a list; asserts that each line is in exactly one record."""
    file = listed(folder, text, "utf-8")
    rows, found = list(read_rows(file, mapping)), survey(file, mapping)
    line = found.header + 1
    for row in rows:
        assert row.line == line
        assert row.lines == 1 or not row.problem or "columns" in row.problem
        line += row.lines
    assert line - 1 == found.lines == len(io.StringIO(text, newline="").readlines())
    assert found.lines == found.header + found.rows + found.blank
    return rows


def taken(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Line and id of each valid row."""
    return [(row.line, row.cells["Id"]) for row in rows if row.cells]


def refused(rows: Sequence[Row]) -> list[int]:
    """The lines that were rejected."""
    return [row.line for row in rows if row.problem]


def test_records_are_counted_and_physical_lines_are_named(tmp_path: Path) -> None:
    text = (
        HEADER
        + '1;;;2026-01-01;;"prima riga\nseconda riga\n\nquarta";Buche\n'
        + "\n2;;2026-01-01\n"
        + row_of(3)
    )

    rows = read(tmp_path, text)

    assert taken(rows) == [(2, "1"), (8, "3")]
    assert rows[0].cells["DescrizioneBreve"] == "prima riga\nseconda riga\n\nquarta"
    assert rows[1].blank
    assert "3 columns where the header has 7" in rows[2].problem


@pytest.mark.parametrize(
    ("first", "rows", "bad"),
    [
        ('1;;;2026-01-01;;Buche;"testo', (3, 4), (2,)),
        ('1;;;2026-01-01;;"Buca;Buche', (3, 4), (2,)),
        ('"1;;;2026-01-01;;Buca;Buche', (3, 4), (2,)),
    ],
)
def test_an_unclosed_quote_rejects_its_own_line_only(
    tmp_path: Path, first: str, rows: Sequence[int], bad: Sequence[int]
) -> None:
    found = read(tmp_path, HEADER + f"{first}\n" + row_of(2) + row_of(3).strip())

    assert [line for line, _ in taken(found)] == [*rows]
    assert refused(found) == [*bad]
    assert "quote opens here" in next(row.problem for row in found if row.problem)


@pytest.mark.parametrize(
    "closing",
    [
        '3;;;2026-01-01;;tre";Buche',
        '3;;;2026-01-01;;";Buche',
        '3;;;2026-01-01;;"tre";Buche',
        '"3";"";"";"2026-01-01";"";"tre";"Buche"',
    ],
)
@pytest.mark.parametrize("between", ["", row_of(2)])
def test_a_quote_that_closes_in_another_row_hides_no_row(tmp_path: Path, closing: str, between: str) -> None:
    found = read(tmp_path, HEADER + '1;;;2026-01-01;;"Buca;Buche\n' + between + f"{closing}\n" + row_of(4))

    assert refused(found)[0] == 2
    assert all("\n" not in text for row in found for text in row.cells.values())
    assert [line for line, _ in taken(found)][-1] == 4 + bool(between)
    assert ("2" in dict(taken(found)).values()) == bool(between)


@pytest.mark.parametrize(
    "order", [*itertools.permutations(("Id", "Creato", "DescrizioneBreve", "Categoria"))]
)
def test_a_stray_quote_hides_no_row_whatever_the_column_of_the_date(
    tmp_path: Path, order: Sequence[str]
) -> None:
    order = (*order, "Chiusa", "Stato")
    cells = {
        "Id": "1",
        "Creato": "2026-01-01",
        "DescrizioneBreve": '"Buca',
        "Categoria": "Buche",
        "Chiusa": "",
        "Stato": "",
    }
    other = cells | {"Id": "2", "DescrizioneBreve": 'tubo da 3"'}
    lines = [";".join(row[name] for name in order) for row in (cells, other)]

    found = read(tmp_path, "\n".join([";".join(order), *lines]))

    assert (refused(found), taken(found)) == ([2], [(3, "2")])


@pytest.mark.parametrize(
    "text",
    [
        "prima; seconda\nterza; quarta",
        "cancello, portone;\nsi chiude male",
        "mancano:\nluce; acqua; gas; posta; porta; vetri; chiavi\nda ieri",
        'ha detto "presto"\nma non "oggi"',
        "\n\nin mezzo\n\n",
        "uno\r\ndue\rtre\n",
        "riga\n" * 300,
    ],
)
def test_a_text_of_several_lines_is_one_text(tmp_path: Path, text: str) -> None:
    quoted = text.replace('"', '""')

    rows = read(tmp_path, HEADER + f'1;;;2026-01-01;;"{quoted}";Buche\n' + row_of(2))

    assert [row.cells["DescrizioneBreve"] for row in rows] == [text, "testo"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"ha detto "presto" e via"', "twice"),
        ('"presto" e via', "twice"),
        ('"riga\n' + "riga\n" * 600 + '"', "within 500 lines"),
        ("a" * 140_000, "131,072 characters"),
        ('"ha detto \\"presto\\" e via"', "add `escape: \\`"),
        ('"a\nb";"c;d"', "8 columns where the header has 7, up to line 3"),
    ],
)
def test_an_invalid_record_is_rejected_and_reading_continues(tmp_path: Path, text: str, says: str) -> None:
    rows = read(tmp_path, HEADER + row_of(1, text) + row_of(2))

    assert says in rows[0].problem
    assert taken(rows)[-1][1] == "2"
    assert "1" not in dict(taken(rows)).values()


def test_a_quote_inside_an_unquoted_text_is_a_character(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + row_of(1, 'tubo da 3" rotto') + row_of(2, 'lungo 7"'))

    assert [row.cells["DescrizioneBreve"] for row in rows] == ['tubo da 3" rotto', 'lungo 7"']


def test_backslashes_escape_where_the_mapping_says_so(tmp_path: Path) -> None:
    text = '"ha detto \\"presto\\"\ne \\\\ poi; via"'

    rows = read(tmp_path, HEADER + row_of(1, text) + row_of(2, "\\N") + row_of(3, "a\\;b"), ESCAPED)

    texts = [row.cells["DescrizioneBreve"] for row in rows]
    assert texts == ['ha detto "presto"\ne \\ poi; via', "", "a;b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_lines_end_in_any_way(tmp_path: Path, end: str, last: str) -> None:
    text = (HEADER + row_of(1) + row_of(2)).replace("\n", end).removesuffix(end) + last

    assert taken(read(tmp_path, text)) == [(2, "1"), (3, "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path, encoding: str) -> None:
    rows = list(read_rows(listed(tmp_path, HEADER + row_of(1, "è"), encoding), MAPPING))

    assert rows[0].cells["Id"] == "1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_when_the_mapping_names_it_and_refused_otherwise(
    tmp_path: Path, encoding: str
) -> None:
    file = listed(tmp_path, HEADER + row_of(1, "perché") + row_of(2), encoding)

    with pytest.raises(ImportFailed, match="encoding: utf-16"):
        survey(file, MAPPING)
    assert taken(list(read_rows(file, replace(MAPPING, encoding=encoding)))) == [(2, "1"), (3, "2")]


def test_rows_in_another_encoding_are_rejected_one_by_one(tmp_path: Path) -> None:
    file = listed(tmp_path, HEADER + row_of(1, "perché") + row_of(2), "latin-1")

    found = [map_row(MAPPING, row.cells) for row in read_rows(file, MAPPING)]

    assert [isinstance(one, Rejected) for one in found] == [True, False]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("Id;DescrizioneBreve;Categoria\n", "no column Creato"),
        (HEADER.replace(";", ","), 'write `delimiter: ","`'),
        (HEADER.replace(";", "\t"), r'write `delimiter: "\\t"`'),
        (HEADER.replace("Stato", "Id"), "columns 1 and 2 are both named Id"),
        (HEADER.replace("Id;Stato", 'Id;"Stato'), "the header cannot be read"),
        (HEADER.replace("Stato", '"Stato') + row_of(1) + row_of(2, 'a";"b'), "header|first line"),
        ('Id;Creato;DescrizioneBreve;Categoria;"Note\n1;2026-01-01;a;Buche;b"\n', "continues below"),
        ("", "no column Id"),
        ("\x1b[31m\x00\n", "no column Id"),
    ],
)
def test_a_list_without_its_columns_is_refused_with_the_reason(
    tmp_path: Path, header: str, says: str
) -> None:
    with pytest.raises(ImportFailed, match=says) as told:
        survey(listed(tmp_path, header), MAPPING)

    assert str(told.value).isprintable()


def test_column_names_are_compared_in_nfc(tmp_path: Path) -> None:
    mapping = read_mapping(changed(tmp_path, "id: Id", "id: Identita\u0300"))
    composed, decomposed = (HEADER.replace("Id;", f"{name};", 1) for name in ("Identità", "Identita\u0300"))

    assert mapping.needed()[0] == "Identità"
    for header in (composed, decomposed):
        [row] = read_rows(listed(tmp_path, header + row_of(1)), mapping)
        assert row.cells["Identità"] == "1"


SIGNS = st.sampled_from([";", '"', "\n", "\r\n", "\r", " ", "a", "è", "\\", "2026-01-01", ","])


def sentence(lines: str) -> bool:
    """Whether no line of a text could be a row: at most one delimiter, and none next to a quote or an end."""
    return all(
        line.count(";") <= 1 and not re.search('^;|;$|;"|";', line) for line in re.split("\r\n|\r|\n", lines)
    )


@given(
    st.lists(st.tuples(*[st.lists(SIGNS, max_size=9).map("".join).filter(sentence)] * 6), max_size=5),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.booleans(),
)
def test_the_output_of_a_csv_writer_is_read_unchanged(
    table: list[tuple[str, ...]], quoting: int, escaped: bool
) -> None:
    assume(all(any(map(str.strip, cells)) for cells in table))
    target = io.StringIO(newline="")
    style = {"doublequote": False, "escapechar": "\\"} if escaped else {}
    csv.writer(target, delimiter=";", quoting=quoting, **style).writerows([COLUMNS, *table])  # type: ignore[arg-type]

    with tempfile.TemporaryDirectory() as folder:
        rows = read(Path(folder), target.getvalue(), ESCAPED if escaped else MAPPING)

    assert [tuple(row.cells.values()) for row in rows] == table


@given(st.lists(st.one_of(SIGNS, st.just(row_of(1)), st.text(max_size=3)), max_size=40), st.booleans())
def test_every_line_of_any_file_is_accounted_for(parts: list[str], escaped: bool) -> None:
    text = (HEADER + "".join(parts)).encode("utf-8", "replace").decode()

    with tempfile.TemporaryDirectory() as folder:
        read(Path(folder), text, ESCAPED if escaped else MAPPING)


@given(st.integers(0, 5), st.integers(0, 6), st.sampled_from(['"', '";"', '";', ';"']))
def test_a_stray_quote_anywhere_hides_no_other_row(line: int, place: int, stray: str) -> None:
    lines = [row_of(number).strip().split(";") for number in range(6)]
    lines[line][place] = stray + lines[line][place]
    text = HEADER + "".join(";".join(cells) + "\n" for cells in lines)

    with tempfile.TemporaryDirectory() as folder:
        rows = read(Path(folder), text)

    assert {row.cells["Id"] for row in rows if row.cells} >= {
        str(other) for other in range(6) if other != line
    }
