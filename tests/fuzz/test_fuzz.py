"""A slice of `make fuzz`, and that it would notice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends
from tests.fuzz.__main__ import Found, found_in, row_of
from tests.fuzz.envelopes import Reading, golden, throw
from tests.fuzz.files import bring
from tests.fuzz.requests import Asking, ask
from tests.pieces import Pieces

from chassis.consumer.records import read
from chassis.http.context import OpenGuard, ServiceContext
from chassis.transaction.parked import Record
from contracts.envelope import read_event
from intake.app.imports.csv_rows import Row, read_rows
from intake.domain.import_mapping import ImportMapping
from routing.entrypoints.api import cases


def test_damaged_records_are_read_or_said_to_be_unreadable() -> None:
    reading = throw(20_000, 7)

    assert reading.uncaught == []
    assert {"read", "unreadable", "unknown"} <= set(reading.results)


def test_every_golden_record_is_read_as_it_is() -> None:
    assert [record for record in golden() if read(record, 0).unreadable is not None] == []


def test_a_decoder_that_raises_on_some_bytes_is_noticed() -> None:
    def weak(record: Record, arrived_ms: int) -> object:
        read_event("case-opened.v1", record.value)
        return read(record, arrived_ms)

    assert throw(200, 7, weak).uncaught


def test_a_decoder_that_says_neither_what_nor_why_is_noticed() -> None:
    def silent(record: Record, arrived_ms: int) -> object:
        return replace(read(record, arrived_ms), unreadable="always")

    assert throw(200, 7, silent).uncaught


@pytest.mark.parametrize("milliseconds", [-(2**63), -1, 0, 2**53, 2**63 - 1])
def test_a_records_time_is_whatever_its_producer_wrote(milliseconds: int) -> None:
    record = replace(golden()[0], value=b"broken")

    assert read(record, milliseconds).unreadable


def test_damaged_lists_and_mappings_are_read_or_told() -> None:
    reading = bring(600, 7)

    assert reading.uncaught == []
    assert {"mapped", "rejected", "told"} <= set(reading.results)


def test_a_reader_that_loses_a_line_is_noticed() -> None:
    def losing(file: Path, mapping: ImportMapping) -> Iterator[Row]:
        return (row for row in read_rows(file, mapping) if not row.problem)

    assert bring(100, 7, losing).uncaught


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_made_up_requests_break_no_door() -> None:
    http_client = ask(900, 7)

    assert http_client.errors == []
    assert http_client.never_well() == []
    assert len(http_client.operations) >= 40
    assert {200, 404, 422} <= set(http_client.statuses)
    assert not {401, 403} & set(http_client.statuses)
    assert {400, 404, 405, 421} <= set(http_client.strange)


def test_what_is_recorded_is_added_up_as_it_was_found(tmp_path: Path) -> None:
    http_client = Asking(
        3, {"intake GET /v1/places": Counter({200: 2, 503: 1})}, ["503: somewhere"], Counter({421: 1})
    )
    reading, listing = Reading(Counter(read=9, uncaught=1), ["somehow"]), Reading(Counter(told=2), ["a list"])
    one = Found(10, 1.5, reading, http_client, 3, listing)
    pieces = Pieces(tmp_path, "this", ["pydantic"])

    pieces.keep(1, 3, one.seconds, row_of(one, 7))
    [row] = pieces.all()

    assert found_in(row) == one
    assert len(found_in(row).broken) == 3


def test_a_door_that_was_never_answered_well_is_named() -> None:
    http_client = Asking(operations={"a": Counter({404: 3, 204: 1}), "b": Counter({422: 5, 500: 1})})

    assert http_client.never_well() == ["b"]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_door_that_breaks_on_some_input_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = cases.cases_router

    def breaks(number: int) -> float:
        return 1 / (number - abs(number) + 1 - number % 2)

    def planted(doors: ServiceContext) -> APIRouter:
        router = APIRouter()
        router.include_router(made(doors))
        router.get("/planted/{number}", dependencies=[Depends(OpenGuard())])(breaks)
        return router

    monkeypatch.setattr("routing.main.cases_router", planted)

    assert any("/planted/" in error for error in ask(400, 7).errors)
