"""The import of a list: every row is accepted, known, or rejected with its line and reason."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from tests.intake.conftest import SECRET
from tests.intake.lists import GOOD, HEADER, MAPPING, MAPPING_FILE, changed, listed, row_of

from intake.app.import_reports import ListImport, import_rows
from intake.app.imports.csv_rows import Row
from intake.app.imports.results import RowResult, defused
from intake.app.imports.row_ids import RowIds
from intake.app.imports.sender import Sender
from intake.entrypoints.cli.import_reports import run

KEY = bytes(range(32))
IDS = RowIds(KEY, "municipium")
IMPORT = ListImport(MAPPING, IDS)


async def imported(
    rows: list[Row], client: httpx.AsyncClient, patience: float = 5, job: ListImport = IMPORT
) -> tuple[dict[str, int], list[RowResult]]:
    ended: list[RowResult] = []
    counts = await import_rows(rows, job, Sender([client], patience), ended.append)
    return dict(counts), ended


def answering(answer: Callable[[int], httpx.Response]) -> tuple[httpx.AsyncClient, list[int]]:
    asked: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return answer(len(asked))

    return httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://intake.example"), asked


@pytest.fixture
async def door(app: FastAPI) -> AsyncIterator[str]:
    """The address of an intake that listens on a local port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


def test_a_row_is_the_same_report_each_time_and_another_in_another_list_or_system() -> None:
    again = RowIds(KEY, "municipium").of("1")
    others = {
        RowIds(KEY, "other").of("1"),
        RowIds(bytes(32), "municipium").of("1"),
        IDS.of("2"),
        IDS.former("1"),
    }

    assert IDS.of("1") == again
    assert len({again} | others) == 5
    assert UUID(again).version == 5


async def test_a_list_imported_twice_is_accepted_and_then_known(client: httpx.AsyncClient) -> None:
    rows = [Row(line, GOOD | {"Id": str(line)}) for line in range(2, 302)]
    bad = Row(302, GOOD | {"Id": "302", "Categoria": "Astronavi"})

    first, ended = await imported([*rows, bad], client)
    second, _ = await imported([*rows, bad], client)

    assert first == {"accepted": 300, "rejected": 1}
    assert second == {"known": 300, "rejected": 1}
    assert [row.line for row in ended] == list(range(2, 303))


async def test_rows_travel_together_and_each_is_answered_as_if_it_were_alone(app: FastAPI) -> None:
    sent: list[str] = []

    async def count(request: httpx.Request) -> None:
        sent.append(request.url.path)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://intake.example", event_hooks={"request": [count]}
    ) as client:
        rows = [Row(line, GOOD | {"Id": str(line)}) for line in range(2, 122)]
        rows[50] = Row(52, GOOD | {"Id": "52", "DescrizioneBreve": "a\x00b"})
        alone, _ = await imported([rows[3]], client)
        together, ended = await imported(rows, client, job=ListImport(MAPPING, RowIds(SECRET, "municipium")))
        others, _ = await imported(rows[:10], client)

    assert alone == {"accepted": 1}  # with another secret it is another report
    assert together == {"accepted": 119, "rejected": 1}
    assert ended[50].reason.startswith("description: The text has characters")
    assert [ended[50].line, ended[50].report_id] == [52, ""]
    assert sent[:4] == ["/v1/reports", *["/v1/imports"] * 3]
    # Without intake's secret rows are sent one by one, as anybody may.
    assert sent[4:] == ["/v1/imports", *["/v1/reports"] * 10]
    assert others == {"accepted": 9, "known": 1}


async def test_a_row_that_intake_refuses_is_rejected_with_the_reason_of_the_api(
    client: httpx.AsyncClient,
) -> None:
    counts, ended = await imported([Row(2, GOOD | {"DescrizioneBreve": "a\x00b"})], client)

    assert counts == {"rejected": 1}
    assert ended[0].reason.startswith("description: The text has characters")


async def test_a_report_is_retried_until_intake_responds() -> None:
    def answer(time: int) -> httpx.Response:
        if time == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(503) if time == 2 else httpx.Response(201)

    client, asked = answering(answer)

    counts, _ = await imported([Row(2, GOOD)], client)

    assert counts == {"accepted": 1}
    assert len(asked) == 3


async def test_rows_are_rejected_after_the_patience_without_a_response() -> None:
    client, _ = answering(lambda _: httpx.Response(503))

    async with asyncio.timeout(10):
        counts, ended = await imported(
            [Row(line, GOOD | {"Id": str(line)}) for line in range(2, 202)], client, patience=0.3
        )

    assert counts == {"rejected": 200}
    assert "import the file again" in ended[-1].reason


@pytest.mark.parametrize(
    ("file", "arguments", "says"),
    [
        ("missing.csv", ["--url", "http://127.0.0.1:9"], "name the list"),
        ("list.csv", ["--mapping", "missing.yaml"], "--mapping"),
        ("list.csv", [], "make up"),
        ("list.csv", ["--url", "127.0.0.1:9"], "--url"),
        ("list.csv", ["--url", "http://127.0.0.1:9"], "--secret"),
        ("list.csv", ["--url", "http://127.0.0.1:9", "--secret", "missing"], "--secret"),
        ("list.csv", ["--url", "http://127.0.0.1:9", "--secret", "list.csv"], "hexadecimal"),
    ],
)
def test_an_import_that_cannot_start_exits_with_2_and_names_the_fix(
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


async def test_the_secret_is_that_of_the_service_or_of_the_local_stack_behind_the_same_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    listed(tmp_path, HEADER + row_of(1))
    secrets = tmp_path / ".state" / "run" / "secrets"
    secrets.mkdir(parents=True)
    (secrets.parent / "addresses.json").write_text(json.dumps({"intake": door}))
    (secrets / "intake.secret").write_text(KEY.hex())
    (tmp_path / "key").write_text(KEY.hex())
    monkeypatch.chdir(tmp_path)
    named = ["list.csv", "--mapping", str(MAPPING_FILE), "--result", "result.csv"]
    other = [*named, "--url", door.replace("127.0.0.1", "localhost")]

    local = await asyncio.to_thread(run, named)
    without = await asyncio.to_thread(run, other)
    told = await asyncio.to_thread(run, other, tmp_path / "key")

    assert (local, without, told) == (0, 2, 0)
    assert IDS.of("1") in (tmp_path / "result.csv").read_text()


@dataclass
class Import:
    """`make import` of a list."""

    folder: Path
    door: str

    async def __call__(
        self, text: str, *more: str, mapping: Path = MAPPING_FILE
    ) -> tuple[int, list[dict[str, Any]]]:
        secret, result = self.folder / "secret", self.folder / "result.csv"
        secret.write_text(KEY.hex())
        named = [str(listed(self.folder, text)), "--mapping", str(mapping), "--url", self.door]
        named += ["--secret", str(secret), "--result", str(result)]
        ended = await asyncio.to_thread(run, [*named, *more])
        return ended, list(csv.DictReader(result.read_text().splitlines())) if result.exists() else []


@pytest.fixture
def importing(tmp_path: Path, door: str) -> Import:
    """An import into this intake with its secret."""
    return Import(tmp_path, door)


async def test_the_result_has_the_outcome_of_each_row(
    importing: Import, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HEADER + row_of(1, "uno") + "\n;;;;;;\n" + row_of(1, "altro") + row_of(2, date="ieri")

    ended, rows = await importing(text)
    told = capsys.readouterr().out.splitlines()
    again, _ = await importing(text)

    assert (ended, again) == (0, 0)
    assert told[-3:] == [
        "import: 6 lines: 1 of the header, 3 of rows, 2 blank",
        "import: rejected: 2 of 3 rows; see the reasons in the result",
        "import: 3 rows, 1 accepted, 2 rejected, 0 known",
    ]
    assert capsys.readouterr().out.splitlines()[-1] == "import: 3 rows, 0 accepted, 2 rejected, 1 known"
    assert [(row["line"], row["outcome"], row["report_id"]) for row in rows] == [
        ("2", "accepted", IDS.of("1")),
        ("5", "rejected", ""),
        ("6", "rejected", ""),
    ]
    assert rows[1]["reason"].startswith("line 2 has the same id")


async def test_a_result_never_overwrites_its_list(importing: Import, tmp_path: Path) -> None:
    text = HEADER + row_of(1)

    ended, _ = await importing(text, "--result", str(tmp_path / "list.csv"))

    assert ended == 2
    assert (tmp_path / "list.csv").read_text() == text


async def test_an_import_exits_with_1_when_every_row_is_rejected(importing: Import) -> None:
    assert (await importing(HEADER + row_of(1, date="ieri") + row_of(2, date="2126-01-01")))[0] == 1
    assert (await importing(HEADER))[0] == 0


async def test_a_date_out_of_range_is_rejected_with_the_reason_of_the_api(importing: Import) -> None:
    _, rows = await importing(HEADER + row_of(1, date="2126-01-01") + row_of(2, date="1926-01-01"))

    assert [row["reason"].split(":")[0] for row in rows] == ["heard_at", "heard_at"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("Buche: area-esterna", "Buche: area-estern", "did you mean area-esterna"),
        ("category_when_empty: altro", "category_when_empty: no", "category_when_empty: no"),
        ("fixed: bg-monterosso", "fixed: bg-monteroso", "did you mean bg-monterosso"),
        ("fixed: bg-monterosso", "column: Stato\n  map: {a: nowhere}", "place: map: a: nowhere"),
    ],
)
async def test_an_unknown_code_is_reported_before_anything_is_sent(
    importing: Import,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    before: str,
    after: str,
    says: str,
) -> None:
    ended, rows = await importing(HEADER + row_of(1), mapping=changed(tmp_path, before, after))

    assert (ended, rows) == (2, [])
    assert says in capsys.readouterr().err


async def test_reports_of_a_former_version_are_not_registered_twice(
    importing: Import, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    class Former(RowIds):
        def of(self, row_id: str) -> str:
            return self.former(row_id)

    former = Former(KEY, "municipium")
    await imported([Row(2, GOOD | {"Id": "1"})], client, job=ListImport(MAPPING, former))
    text = HEADER + "1;;;2026-02-03;;Buca;Buche\n" + row_of(2)

    refused, rows = await importing(text)
    assert (refused, rows) == (2, [])
    assert "--former-ids" in capsys.readouterr().err
    first, rows = await importing(text, "--former-ids")
    assert [(row["outcome"], row["report_id"]) for row in rows] == [
        ("known", IDS.former("1")),
        ("accepted", IDS.of("2")),
    ]
    again, rows = await importing(text, "--former-ids")
    assert [row["outcome"] for row in rows] == ["known", "known"]
    assert (first, again) == (0, 0)


async def test_checking_an_id_registers_no_report(client: httpx.AsyncClient) -> None:
    sender = Sender([client], 5)

    assert [await sender.has(IDS.of("1")) for _ in range(2)] == [False, False]
    assert (await imported([Row(2, GOOD | {"Id": "1"})], client))[0] == {"accepted": 1}
    assert await sender.has(IDS.of("1"))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+39", "'+39"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r1", "'\r1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1", "a;'=1"),
        ("7", "7"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_a_formula_is_text_in_the_result(said: str, written: str) -> None:
    assert defused(said) == written


async def test_an_id_that_is_a_formula_is_text_in_the_result(importing: Import) -> None:
    _, rows = await importing(HEADER + "=1+1;;;2026-01-01;;a;Buche\n@x;;;2026-01-01;;a;=2+2\n")

    assert [row["id"] for row in rows] == ["'=1+1", "'@x"]
