"""A small run of `make fuzz`, and proof that each part detects a failure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends
from tests.fuzz.__main__ import Found, from_row, to_row
from tests.fuzz.envelopes import ReadResults, decode_damaged, golden
from tests.fuzz.files import read_damaged
from tests.fuzz.requests import RequestResults, ask
from tests.pieces import Pieces

from chassis.consumer.records import read
from chassis.http.context import OpenGuard, ServiceContext
from chassis.transaction.parked import Record
from contracts.envelope import read_event
from intake.app.imports.csv_rows import Row, read_rows
from intake.domain.import_mapping import ImportMapping
from routing.entrypoints.api import cases


def test_damaged_records_are_read_or_reported_unreadable() -> None:
    reading = decode_damaged(20_000, 7)

    assert reading.uncaught == []
    assert {"read", "unreadable", "unknown"} <= set(reading.results)


def test_every_golden_record_is_read_as_it_is() -> None:
    assert [record for record in golden() if read(record, 0).unreadable is not None] == []


def test_a_decoder_that_raises_on_some_bytes_is_detected() -> None:
    def weak(record: Record, arrived_ms: int) -> object:
        read_event("case-opened.v1", record.value)
        return read(record, arrived_ms)

    assert decode_damaged(200, 7, weak).uncaught


def test_a_decoder_that_gives_neither_a_body_nor_a_reason_is_detected() -> None:
    def silent(record: Record, arrived_ms: int) -> object:
        return replace(read(record, arrived_ms), unreadable="always")

    assert decode_damaged(200, 7, silent).uncaught


@pytest.mark.parametrize("milliseconds", [-(2**63), -1, 0, 2**53, 2**63 - 1])
def test_a_records_time_is_whatever_its_producer_wrote(milliseconds: int) -> None:
    record = replace(golden()[0], value=b"broken")

    assert read(record, milliseconds).unreadable


def test_damaged_lists_and_mappings_are_read_or_refused() -> None:
    reading = read_damaged(600, 7)

    assert reading.uncaught == []
    assert {"mapped", "rejected", "told"} <= set(reading.results)


def test_a_reader_that_loses_a_line_is_detected() -> None:
    def losing(file: Path, mapping: ImportMapping) -> Iterator[Row]:
        return (row for row in read_rows(file, mapping) if not row.problem)

    assert read_damaged(100, 7, losing).uncaught


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_generated_requests_break_no_endpoint() -> None:
    answers = ask(900, 7)

    assert answers.errors == []
    assert answers.never_2xx() == []
    assert len(answers.operations) >= 40
    assert {200, 404, 422} <= set(answers.statuses)
    assert not {401, 403} & set(answers.statuses)
    assert {400, 404, 405, 421} <= set(answers.strange)


def test_what_is_recorded_is_added_up_as_it_was_found(tmp_path: Path) -> None:
    answers = RequestResults(
        3, {"intake GET /v1/places": Counter({200: 2, 503: 1})}, ["503: somewhere"], Counter({421: 1})
    )
    reading, listing = (
        ReadResults(Counter(read=9, uncaught=1), ["somehow"]),
        ReadResults(Counter(told=2), ["a list"]),
    )
    one = Found(10, 1.5, reading, answers, 3, listing)
    pieces = Pieces(tmp_path, "this", ["pydantic"])

    pieces.keep(1, 3, one.seconds, to_row(one, 7))
    [row] = pieces.all()

    assert from_row(row) == one
    assert len(from_row(row).broken) == 3


def test_an_endpoint_that_never_answered_2xx_is_named() -> None:
    answers = RequestResults(operations={"a": Counter({404: 3, 204: 1}), "b": Counter({422: 5, 500: 1})})

    assert answers.never_2xx() == ["b"]


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
