"""Importing a list: every row ends accepted, known or rejected with its line and reason."""

import asyncio
import csv
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.imports import ImportMapping, Mapped, Rejected, map_row
from intake.entrypoints.csv_import import Ended, import_rows, report_id_of, run
from intake.entrypoints.csv_rows import Row, Unusable, read_mapping, read_rows
from intake.entrypoints.csv_sender import Sender

MAPPING_FILE = Path(__file__).parents[2] / "deploy" / "seed" / "intake" / "import-municipium.yaml"
MAPPING = read_mapping(MAPPING_FILE)
HEADER = "Id;Stato;Anno;Creato;Chiusa;DescrizioneBreve;Categoria\n"
GOOD = {"Id": "7", "Creato": "2026-02-03", "DescrizioneBreve": "Buca", "Categoria": "Buche"}


def listed(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "list.csv"
    file.write_bytes(text.encode(encoding))
    return file


async def imported(
    rows: list[Row], client: httpx.AsyncClient, patience: float = 5
) -> tuple[dict[str, int], list[Ended]]:
    ended: list[Ended] = []
    counts = await import_rows(rows, MAPPING, Sender([client], patience), ended.append)
    return dict(counts), ended


def answering(answer: Callable[[int], httpx.Response]) -> tuple[httpx.AsyncClient, list[int]]:
    asked: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return answer(len(asked))

    return httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://intake.example"), asked


@pytest.fixture
async def door(app: FastAPI) -> AsyncIterator[str]:
    """The address of an intake that listens on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


def test_a_row_becomes_a_draft_heard_at_the_start_of_its_day_in_rome() -> None:
    mapped = map_row(MAPPING, GOOD)

    assert isinstance(mapped, Mapped)
    assert (mapped.draft.category, mapped.draft.place_id) == ("area-esterna", "bg-monterosso")
    assert mapped.draft.heard_at is not None
    assert mapped.draft.heard_at.isoformat() == "2026-02-02T23:00:00+00:00"


@pytest.mark.parametrize(
    ("cells", "text", "category"),
    [
        ({"Categoria": ""}, "Buca", "altro"),
        ({"DescrizioneBreve": " "}, "Buche", "area-esterna"),
        ({"DescrizioneBreve": "", "Categoria": ""}, "altro", "altro"),
    ],
)
def test_empty_cells_are_filled_as_the_mapping_says(cells: dict[str, str], text: str, category: str) -> None:
    mapped = map_row(MAPPING, GOOD | cells)

    assert isinstance(mapped, Mapped)
    assert (mapped.draft.description, mapped.draft.category) == (text, category)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Id": " "}, "no id in column Id"),
        ({"Creato": "ieri"}, "unreadable date 'ieri'"),
        ({"Creato": "2026-02-30"}, "unreadable date"),
        ({"Creato": "0001-01-01"}, "unreadable date"),
        ({"Categoria": "Astronavi"}, "unknown category 'Astronavi'"),
        ({"DescrizioneBreve": "a" * 4001}, "4001 characters"),
        ({"DescrizioneBreve": "caff\udce8"}, "correct `encoding`"),
    ],
)
def test_a_bad_row_says_why(cells: dict[str, str], reason: str) -> None:
    rejected = map_row(MAPPING, GOOD | cells)

    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason


def test_without_a_default_an_empty_category_is_rejected() -> None:
    strict = replace(MAPPING, category_when_empty=None)

    assert map_row(strict, GOOD | {"Categoria": ""}) == Rejected("7", "no category")


@given(
    st.dictionaries(
        st.sampled_from(["Id", "Creato", "DescrizioneBreve", "Categoria", "Stato"]),
        st.one_of(
            st.text(st.characters(exclude_categories=())), st.sampled_from(["2026-02-03", "Buche", "7"])
        ),
    )
)
def test_every_row_is_mapped_or_rejected_with_a_reason(cells: dict[str, str]) -> None:
    found = map_row(MAPPING, cells)

    assert isinstance(found, Mapped) or found.reason


def test_records_are_counted_and_physical_lines_are_named(tmp_path: Path) -> None:
    text = (
        HEADER
        + '1;;;2026-01-01;;"prima riga\nseconda riga\n\nquarta";Buche\n'
        + "\n"
        + "2;;2026-01-01\n"
        + "3;;;2026-01-01;;testo;Buche\n"
    )

    rows = list(read_rows(listed(tmp_path, text), MAPPING))

    assert [(row.line, bool(row.trouble)) for row in rows] == [(2, False), (7, True), (8, False)]
    assert rows[0].cells["DescrizioneBreve"] == "prima riga\nseconda riga\n\nquarta"
    assert "3 columns where the header has 7" in rows[1].trouble


def test_a_record_that_is_no_csv_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = HEADER + f"1;;;2026-01-01;;{'a' * 140_000};Buche\n2;;;2026-01-01;;testo;Buche\n"

    rows = list(read_rows(listed(tmp_path, text), MAPPING))

    assert [bool(row.trouble) for row in rows] == [True, False]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path, encoding: str) -> None:
    rows = list(read_rows(listed(tmp_path, HEADER + "1;;;2026-01-01;;è;Buche\n", encoding), MAPPING))

    assert rows[0].cells["Id"] == "1"


def test_rows_in_another_encoding_are_rejected_one_by_one(tmp_path: Path) -> None:
    text = HEADER + "1;;;2026-01-01;;perché;Buche\n2;;;2026-01-01;;bene;Buche\n"

    rows = list(read_rows(listed(tmp_path, text, "latin-1"), MAPPING))

    assert [type(map_row(MAPPING, row.cells)) for row in rows] == [Rejected, Mapped]


def test_a_list_without_a_column_says_which(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no column Creato"):
        list(read_rows(listed(tmp_path, "Id;DescrizioneBreve;Categoria\n1;a;b\n"), MAPPING))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('delimiter: ";"', 'delimiter: ";;"', "delimiter"),
        ("encoding: utf-8", "encoding: klingon", "klingon"),
        ("  id: Id", "  identity: Id", "must name exactly"),
        ("fixed: bg-monterosso", "nowhere: x", "place"),
        ("timezone: Europe/Rome", "timezone: Marte/Sud", "Marte"),
        ("source: municipium", "source: [", "not YAML"),
        ("source: municipium", "fonte: municipium", "source"),
    ],
)
def test_a_mistake_in_the_mapping_is_named(tmp_path: Path, before: str, after: str, says: str) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING_FILE.read_text().replace(before, after, 1))

    with pytest.raises(Unusable, match=says):
        read_mapping(file)


def test_a_column_of_places_goes_through_its_table(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    place = "column: Via\n  map: {Via Turbada: lc-belledo-01}"
    file.write_text(MAPPING_FILE.read_text().replace("fixed: bg-monterosso", place))
    mapping: ImportMapping = read_mapping(file)

    known, unknown = (map_row(mapping, GOOD | {"Via": street}) for street in ("Via Turbada", "Via Ignota"))

    assert isinstance(known, Mapped)
    assert known.draft.place_id == "lc-belledo-01"
    assert isinstance(unknown, Rejected)
    assert "Via Ignota" in unknown.reason


def test_a_row_is_the_same_report_each_time_and_another_in_another_list() -> None:
    assert report_id_of("a", "1") == report_id_of("a", "1")
    assert len({report_id_of("a", "1"), report_id_of("a", "2"), report_id_of("b", "1")}) == 3


async def test_a_list_imported_twice_is_accepted_and_then_known(client: httpx.AsyncClient) -> None:
    rows = [Row(line, GOOD | {"Id": str(line)}) for line in range(2, 302)]
    bad = Row(302, GOOD | {"Id": "302", "Categoria": "Astronavi"})

    first, ended = await imported([*rows, bad], client)
    second, _ = await imported([*rows, bad], client)

    assert first == {"accepted": 300, "rejected": 1}
    assert second == {"known": 300, "rejected": 1}
    assert [row.line for row in ended] == list(range(2, 303))


async def test_what_intake_refuses_is_rejected_with_its_words(client: httpx.AsyncClient) -> None:
    counts, ended = await imported([Row(2, GOOD | {"DescrizioneBreve": "a\x00b"})], client)

    assert counts == {"rejected": 1}
    assert ended[0].reason.startswith("description: The text has characters")


async def test_a_report_is_sent_again_until_it_is_answered() -> None:
    def answer(time: int) -> httpx.Response:
        if time == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(503) if time == 2 else httpx.Response(201)

    client, asked = answering(answer)

    counts, _ = await imported([Row(2, GOOD)], client)

    assert counts == {"accepted": 1}
    assert len(asked) == 3


async def test_rows_that_nobody_answers_are_rejected_in_time() -> None:
    client, _ = answering(lambda _: httpx.Response(503))

    async with asyncio.timeout(10):
        counts, ended = await imported([Row(line, GOOD) for line in range(2, 202)], client, patience=0.3)

    assert counts == {"rejected": 200}
    assert "import the file again" in ended[-1].reason


@pytest.mark.parametrize(
    ("file", "arguments", "says"),
    [
        ("missing.csv", ["--url", "http://127.0.0.1:9"], "name the list"),
        ("list.csv", ["--mapping", "missing.yaml"], "--mapping"),
        ("list.csv", [], "make up"),
        ("list.csv", ["--url", "127.0.0.1:9"], "--url"),
    ],
)
def test_what_cannot_begin_ends_with_two_and_the_fix(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    arguments: list[str],
    says: str,
) -> None:
    listed(tmp_path, HEADER)
    monkeypatch.chdir(tmp_path)

    ended = run([file, "--mapping", str(MAPPING_FILE), *arguments])

    assert ended == 2
    assert says in capsys.readouterr().err


async def test_a_result_tells_each_row(tmp_path: Path, capsys: pytest.CaptureFixture[str], door: str) -> None:
    text = HEADER + "1;;;2026-01-01;;uno;Buche\n1;;;2026-01-01;;uno;Buche\n2;;;ieri;;due;Buche\n"
    result = tmp_path / "result.csv"

    named = [
        str(listed(tmp_path, text)),
        "--mapping",
        str(MAPPING_FILE),
        "--url",
        door,
        "--result",
        str(result),
    ]
    ended = await asyncio.to_thread(run, named)

    rows: list[dict[str, Any]] = list(csv.DictReader(result.read_text().splitlines()))
    assert ended == 0
    assert capsys.readouterr().out.splitlines()[-1] == "import: 3 rows, 1 accepted, 1 rejected, 1 known"
    assert sorted((row["line"], row["outcome"]) for row in rows)[2] == ("4", "rejected")
    assert {row["report_id"] for row in rows if row["id"] == "1"} == {report_id_of("municipium", "1")}
