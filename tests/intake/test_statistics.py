"""The public statistics: what is counted, from which list, and how it is shown."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.lists import HEADER, MAPPING, listed

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportRegistered
from contracts.routing import CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.import_reports import ListImport, import_rows
from intake.app.imports.csv_rows import read_rows
from intake.app.imports.results import RowResult
from intake.app.imports.row_ids import RowIds
from intake.app.imports.sender import Sender
from intake.app.statistics import FRESH
from intake.app.use_cases import use_cases
from intake.domain.reports import Status
from intake.domain.statistics import Fact, Part, Satisfaction, State, closing_time, statistics
from intake.handlers.documents import REPORTS

JOB = ListImport(MAPPING, RowIds(SECRET, "municipium"))
LABELS = {"Buche": 20, "Verde pubblico": 9}


async def sent_list(client: httpx.AsyncClient, tmp_path: Path, text: str) -> list[RowResult]:
    results: list[RowResult] = []
    await import_rows(
        read_rows(listed(tmp_path, HEADER + text), MAPPING), JOB, Sender([client], 5), results.append
    )
    return results


def invented_list() -> str:
    """Closed after 0, 1, 2, … days; and open ones of both categories."""
    rows = []
    for label, number in LABELS.items():
        for days in range(number):
            closed = date(2026, 3, 1) + timedelta(days)
            rows.append(f"{label}{days};chiusa;2026;2026-03-01;{closed};testo;{label}")
            rows.append(f"{label}{days}a;aperta;2026;2026-10-01;;testo;{label}")
    return "\n".join([*rows, "poca;chiusa;2026;2026-03-01;2026-03-03;testo;Tombini\n"])


async def csv_of(client: httpx.AsyncClient) -> dict[tuple[str, str, str], dict[str, str]]:
    page = await client.get("/statistiche/dati.csv")
    return {
        (row["quartiere"], row["per"], row["voce"]): row for row in csv.DictReader(io.StringIO(page.text))
    }


async def rate(service: MemoryService, report_id: str, score: str) -> None:
    cases = use_cases(service.context, SECRET, is_address)
    await cases.ratings.rate(report_id, uuid7(NOON), score, "")


async def test_an_imported_list_keeps_its_closings_and_nobody_gets_a_case_for_them(
    client: httpx.AsyncClient, service: MemoryService, tmp_path: Path
) -> None:
    results = await sent_list(client, tmp_path, invented_list())
    again = await sent_list(client, tmp_path, invented_list())

    reports = await service.context.list(REPORTS, limit=100)
    closed = [one for one in reports if one.status is Status.CLOSED]
    assert {one.outcome for one in results} == {"accepted"}
    assert {one.outcome for one in again} == {"known"}
    assert len(closed) == 30
    assert {one.history[0].at for one in closed} >= {datetime(2026, 2, 28, 23, tzinfo=UTC)}
    published = {one.report_id for one in await service.published() if isinstance(one, ReportRegistered)}
    assert published == {one.report_id for one in reports} - {one.report_id for one in closed}


async def test_a_row_that_the_list_cancelled_arrives_withdrawn_and_counts_nowhere(
    client: httpx.AsyncClient, service: MemoryService, tmp_path: Path
) -> None:
    rows = (
        "1;annullata;2026;2026-03-01;;testo;Buche\n"
        "2;Eliminata;2026;2026-03-01;2026-03-05;testo;Buche\n"
        "3;archiviata;2026;2026-03-01;2026-03-05;testo;Buche\n"
        "4;in carico;2026;2026-03-01;;testo;Buche\n"
    )
    results = await sent_list(client, tmp_path, rows)
    again = await sent_list(client, tmp_path, rows.replace("in carico", "annullata"))

    reports = {
        one.report_id: (one.status, [step.at.day for step in one.history])
        for one in await service.context.list(REPORTS, limit=100)
    }
    published = {one.report_id for one in await service.published() if isinstance(one, ReportRegistered)}
    first, second, third, fourth = (one.report_id for one in results)
    assert [one.outcome for one in (*results, *again)] == ["accepted"] * 4 + ["known"] * 4
    assert reports[first] == (Status.WITHDRAWN, [28])  # the day of the row begins in Rome before midnight UTC
    assert reports[second] == (Status.WITHDRAWN, [4])
    assert reports[third] == (Status.CLOSED, [4])
    assert reports[fourth] == (Status.REGISTERED, [])
    assert not {first, second, third} & published
    row = (await csv_of(client))["tutti", "tutto", ""]
    assert (row["aperte"], row["chiuse"]) == ("", "")  # two and one: too few to be published


async def test_the_quantiles_of_an_imported_list_are_those_of_its_dates(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await sent_list(client, tmp_path, invented_list())

    rows = await csv_of(client)
    page = await client.get("/statistiche", params={"quartiere": "monterosso"})

    holes = rows["tutti", "categoria", "area-esterna"]
    assert [holes[name] for name in ("aperte", "chiuse", "mediana", "p75", "p90")] == [
        "20",
        "20",
        "10",
        "14",
        "17",
    ]
    assert ("tutti", "categoria", "tombini") in rows
    assert rows["tutti", "mese", "2026-10"]["arrivate"] == "29"
    assert "metà delle segnalazioni entro" in page.text
    assert "<h2>Monterosso (Bergamo)</h2>" in page.text


async def test_the_page_and_the_table_show_the_quantiles_that_the_city_of_the_list_published(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    # Half of what Alessandria closed was closed within 6 days, three quarters within 24, nine in ten within 72.
    days = [*[1] * 40, *[6] * 20, *[24] * 20, *[72] * 20, 90]
    closed = [date(2026, 3, 1) + timedelta(one) for one in days]
    rows = [f"{n};chiusa;2026;2026-03-01;{day};testo;Buche" for n, day in enumerate(closed)]
    await sent_list(client, tmp_path, "\n".join([*rows, ""]))

    page, row = await client.get("/statistiche"), (await csv_of(client))["tutti", "tutto", ""]

    told = "metà delle segnalazioni entro 6, tre su quattro entro 24, nove su dieci entro 72"
    assert told in page.text
    assert [row[name] for name in ("chiuse", "mediana", "p75", "p90")] == ["101", "6", "24", "72"]


async def test_a_single_report_of_a_category_cannot_be_computed_from_the_others(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await sent_list(client, tmp_path, invented_list())

    rows = await csv_of(client)
    closed = {
        code: row["chiuse"]
        for (area, per, code), row in rows.items()
        if (area, per) == ("tutti", "categoria")
    }

    assert rows["tutti", "tutto", ""]["chiuse"] == "30"
    assert closed == {"area-esterna": "20", "verde": "", "tombini": ""}
    assert rows["tutti", "categoria", "verde"]["mediana"] == ""


async def test_only_an_import_of_the_agency_registers_what_was_closed_before(
    client: httpx.AsyncClient,
) -> None:
    body = {
        "category": "ascensore",
        "place_id": "bg-malpensata-01",
        "description": "x",
        "report_id": uuid7(NOON),
    }
    closed_at = NOON - timedelta(days=1)
    proof = JOB.ids.closing_proof(str(body["report_id"]), closed_at)
    closed = body | {"closed_at": closed_at.isoformat(), "heard_at": (NOON - timedelta(days=2)).isoformat()}

    forged = [
        await client.post("/v1/reports", json=closed | more)
        for more in (
            {},
            {"closing_proof": "0" * 64},
            {"closing_proof": proof, "report_id": uuid7(NOON)},
            {"closing_proof": proof, "cancelled": True},
            {"closing_proof": proof, "cancelled": True, "closed_at": None},
        )
    ]
    early = await client.post(
        "/v1/reports", json=closed | {"closing_proof": proof, "heard_at": NOON.isoformat()}
    )
    right = await client.post("/v1/reports", json=closed | {"closing_proof": proof})

    assert {(one.status_code, one.json()["field"]) for one in (*forged, early)} == {(422, "closed_at")}
    assert right.status_code == 201


async def test_a_case_that_routing_closes_counts_when_the_statistics_are_made_again(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    body = {"category": "ascensore", "place_id": "bg-malpensata-01", "description": "x"}
    ids = [(await client.post("/v1/reports", json=body)).json()["report_id"] for _ in range(6)]
    before = await csv_of(client)
    service.now += timedelta(days=3)
    for report_id in ids:
        await service.event(CaseResolved(report_id=report_id, outcome="solved"))
        await rate(service, report_id, "4")
    await csv_of(client)
    await service.context.store.ping()

    after = before
    async with asyncio.timeout(30):  # they are made in a thread
        while after == before:
            await asyncio.sleep(0)
            after = await csv_of(client)
    assert before["malpensata", "tutto", ""]["aperte"] == "6"
    assert after["malpensata", "tutto", ""]["chiuse"] == "6"
    assert after["malpensata", "tutto", ""]["mediana"] == "3"
    assert [after["malpensata", "tutto", ""][name] for name in ("giudizi", "giudizio_medio")] == ["6", "4.0"]
    assert after["malpensata", "categoria", "ascensore"]["giudizi"] == "6"
    assert "ha dato in media 4 su 5 (6 giudizi)" in (await client.get("/statistiche")).text
    assert timedelta(days=3) > FRESH


@pytest.mark.parametrize("language", ["it", "ar", "zh"])
async def test_the_page_is_in_the_language_of_the_reader_and_says_when_it_was_made(
    client: httpx.AsyncClient, language: str
) -> None:
    page = await client.get("/statistiche", headers={"Accept-Language": language})

    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.text
    assert "2026" in page.text


def test_withdrawn_reports_apart_each_report_is_open_or_closed_once() -> None:
    day = date(2026, 11, 1)
    facts = [Fact("a", "verde", "n", day, day + timedelta(n) if n % 2 else None) for n in range(20)]
    found = statistics(facts, NOON, NOON.date())

    assert found.tables[State.OPEN, Part.CATEGORY].shown() == 10
    assert found.tables[State.CLOSED, Part.URGENCY].shown("a", "n") == 10
    assert found.time(Part.CATEGORY) == closing_time(range(1, 20, 2))


def test_scores_are_published_by_category_where_five_or_more_have_one() -> None:
    day = date(2026, 11, 1)
    scores: dict[str, list[int | None]] = {
        "verde": [5, 4, 4, 5, 3, 4],
        "tombini": [1, 1, 1],
        "ascensore": [2] * 9,
        "scale": [None] * 7,
    }
    facts = [Fact("a", code, "n", day, day, score) for code, found in scores.items() for score in found]
    found = statistics(facts, NOON, day)

    shown = {code: found.scores("a", code) for code in ("", *scores)}
    assert shown["tombini"] is shown["scale"] is None
    assert shown["verde"] is None  # the smallest count beside a hidden one is hidden too
    assert shown["ascensore"] == Satisfaction(9, 20)
    assert shown[""] == Satisfaction(18, 26)
