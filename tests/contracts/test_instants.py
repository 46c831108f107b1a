"""Times have one form in headers, bodies and requests: the date-time of RFC 3339 with an offset."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.envelope import Envelope, Malformed, instant_text, read_envelope, read_event
from contracts.instants import FIRST, LAST, Instant, read_instant
from contracts.ops import KeyStalled

STALL = "00000000-0000-5000-8000-000000000001"
NOW = datetime(2026, 11, 20, 9, 30, 0, 250_000, tzinfo=UTC)
FIELD: TypeAdapter[datetime] = TypeAdapter(Instant)
EARLY, LATE = FIRST + timedelta(days=1), LAST - timedelta(days=2)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(EARLY.replace(tzinfo=None), LATE.replace(tzinfo=None), timezones=OFFSETS)

TAKEN = {
    "2026-11-20T12:00:00Z": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "2026-11-20t12:00:00z": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "2026-11-20T13:00:00+01:00": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "2026-11-20T12:00:00-00:00": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "2026-11-20T12:00:00.5Z": datetime(2026, 11, 20, 12, 0, 0, 500_000, tzinfo=UTC),
    "2026-11-20T12:00:00.123456789Z": datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC),
    "2026-11-20T23:59:59+23:59": datetime(2026, 11, 20, 0, 0, 59, tzinfo=UTC),
}
REFUSED = [
    "",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
    "2026-11-20T12:00:00",
    "2026-11-20",
    "2026-11-20 12:00:00Z",
    "2026-11-20_12:00:00Z",
    "2026-11-20T12:00Z",
    "2026-11-20T12:00:00+0100",
    "2026-11-20T12:00:00+01",
    "2026-11-20T12:00:00+01:60",
    "2026-11-20T12:00:00+24:00",
    "2026-11-20T12:00:00−01:00",
    "2026-11-20T24:00:00Z",
    "2026-11-20T23:59:60Z",
    "2026-02-30T12:00:00Z",
    "2026-13-01T12:00:00Z",
    "2026-11-20T12:00:00,5Z",
    "2026-11-20T12:00:00.Z",
    "2026-11-20T12:00:00.1234567890Z",
    "20261120T120000Z",
    "20240101T000000+00",
    "2024-W01-1T00:00:00Z",
    "2024-W01-1T00:00:00.000Z",
    "2024-001T00:00:00Z",
    "+2026-11-20T12:00:00Z",
    "٢٠٢٦-11-20T12:00:00Z",
    " 2026-11-20T12:00:00Z",
    "2026-11-20T12:00:00Z\n",
    "1700000000",
    "1700000000.5",
    "now",
]


@pytest.mark.parametrize(("text", "moment"), TAKEN.items())
def test_a_date_time_is_read(text: str, moment: datetime) -> None:
    assert (
        read_instant(text) == FIELD.validate_python(text) == FIELD.validate_json(json.dumps(text)) == moment
    )


@pytest.mark.parametrize("text", REFUSED)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        read_instant(text)
    with pytest.raises(ValidationError) as refused:
        FIELD.validate_json(json.dumps(text))
    assert refused.value.errors()[0]["ctx"]["fix"].startswith("Write it like 2026-11-20T12:00:00Z")


@pytest.mark.parametrize(
    "value", [0, 1_700_000_000, 1.5, True, None, [], {}, NOW.replace(tzinfo=None), NOW.date()]
)
def test_a_number_or_a_time_without_an_offset_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        FIELD.validate_python(value)


@given(moment=MOMENTS, precision=st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_every_time_of_the_supported_years_is_read_in_every_offset(moment: datetime, precision: str) -> None:
    read = read_instant(moment.isoformat(timespec=precision))

    assert abs(read - moment) < timedelta(seconds=1)
    assert FIRST <= read.astimezone(UTC) < LAST
    assert read_instant(instant_text(read)) == read.replace(microsecond=read.microsecond // 1000 * 1000)


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-?\d\d-?\d\d[T ]\d\d:?\d\d(:?\d\d)?([+-]\d\d:?\d\d|Z)?"))
def test_texts_raise_no_other_error(text: str) -> None:
    with suppress(ValueError):
        assert FIRST <= read_instant(text) < LAST


@pytest.mark.parametrize("name", ["ce_time", "ce_acceptedtime"])
@pytest.mark.parametrize("text", REFUSED)
def test_a_header_with_another_form_is_malformed(name: str, text: str) -> None:
    whole = Envelope(
        "id", "case-resolved.v1", "/ascolto/routing", "s", NOW, 1, "c", accepted_time=NOW
    ).headers()

    with pytest.raises(Malformed, match=name):
        read_envelope([(one, text.encode() if one == name else value) for one, value in whole])


@pytest.mark.parametrize("value", [*REFUSED, 1_700_000_000, 1.5, True, None])
def test_a_body_with_another_form_is_malformed(value: Any) -> None:
    known = {"stall_id": STALL, "consumer": "routing", "heard_topic": "intake.reports", "subject_id": None}
    body = known | {"reason": "poison", "since": value}

    with pytest.raises(Malformed, match="since"):
        read_event(KeyStalled.type_tag, json.dumps(body).encode())


def test_a_body_keeps_the_offset_that_its_publisher_wrote() -> None:
    written = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    event = KeyStalled(
        stall_id=STALL, consumer="c", heard_topic="t", subject_id=None, reason="early", since=written
    )

    assert b'"since":"2026-03-29T03:30:00+02:00"' in event.body()
    assert KeyStalled.read(event.body()) == event
