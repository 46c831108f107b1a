"""The envelope is read as it was written; unknown types and malformed records raise their own errors."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Envelope, Malformed, UnknownType, read_envelope, read_event
from contracts.routing import CaseResolved
from contracts.topics import BY_NAME, BY_TYPE, TOPICS

NOW = datetime(2026, 11, 20, 9, 30, 0, 250_000, tzinfo=UTC)
REPORT = "00000000-0000-7000-8000-000000000001"


def envelope(sequence: int = 1) -> Envelope:
    return Envelope(
        "id", "case-resolved.v1", "/ascolto/routing", REPORT, NOW, sequence, REPORT, accepted_time=NOW
    )


def test_an_envelope_is_read_as_it_was_written() -> None:
    assert read_envelope(envelope().headers()) == envelope()


def test_the_sequence_sorts_as_text() -> None:
    texts = [dict(envelope(n).headers())["ce_sequence"] for n in (1, 9, 10, 123)]

    assert texts == sorted(texts)


@pytest.mark.parametrize(
    "name", ["ce_id", "ce_type", "ce_subject", "ce_time", "ce_sequence", "ce_correlationid"]
)
@pytest.mark.parametrize("value", [None, b"", b"\xff\xfe"])
def test_a_header_that_is_missing_empty_or_not_text_is_named(name: str, value: bytes | None) -> None:
    headers = [(n, value if n == name else v) for n, v in envelope().headers()]

    with pytest.raises(Malformed, match=r"header"):
        read_envelope(headers)


@given(
    st.lists(
        st.tuples(st.sampled_from([n for n, _ in envelope().headers()]), st.none() | st.binary(max_size=40))
    )
)
def test_headers_raise_no_other_error(changed: list[tuple[str, bytes | None]]) -> None:
    headers = [*envelope().headers(), *changed]

    try:
        reason = read_envelope(headers).id
    except Malformed as malformed:
        reason = str(malformed)

    assert reason


@given(st.sampled_from(sorted(BY_TYPE)), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_bodies_raise_no_other_error_than_malformed(type_tag: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        read_event(type_tag, body)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(Malformed, match="outcome"):
        read_event("case-resolved.v1", f'{{"report_id": "{REPORT}"}}'.encode())


def test_an_unknown_field_is_ignored() -> None:
    body = f'{{"report_id": "{REPORT}", "outcome": "solved", "mood": "good"}}'.encode()

    assert read_event("case-resolved.v1", body) == CaseResolved(report_id=REPORT, outcome="solved")


def test_a_producer_cannot_write_an_unknown_field() -> None:
    with pytest.raises(ValueError, match="mood"):
        CaseResolved(report_id=REPORT, outcome="solved", mood="good")  # type: ignore[call-arg]


def test_an_unknown_type_is_not_malformed() -> None:
    with pytest.raises(UnknownType):
        read_event("case-dreamt.v7", b"{}")


def test_every_event_names_the_topic_that_lists_it_and_has_its_key() -> None:
    for topic in TOPICS:
        for event in topic.events:
            assert event.topic == topic.name
            assert event.key_field in event.model_fields
            assert event.type_tag.endswith(".v1")
    assert len(BY_TYPE) == sum(len(topic.events) for topic in BY_NAME.values())


def test_a_time_outside_the_supported_range_is_malformed() -> None:
    headers = [(n, b"0001-01-01T00:00:00+14:00" if n == "ce_time" else v) for n, v in envelope().headers()]

    with pytest.raises(Malformed, match="ce_time"):
        read_envelope(headers)
