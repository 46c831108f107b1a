"""The account of a subscriber finds every fault in the events that it received."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.envelope import Envelope
from stack.subscriber_account import ExpectedEvents, complete, faults

NOW = datetime(2026, 11, 20, tzinfo=UTC)
Rows = list[dict[str, Any]]


def known(number: int) -> tuple[Envelope, dict[str, Any]]:
    return Envelope(f"e{number}", "case-opened.v1", "/s", "subject", NOW, number, "c"), {
        "route": f"r{number}"
    }


def row(number: int) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "type": "case-opened.v1",
        "subject": "subject",
        "sequence": f"{number:010d}",
        "value": f"r{number}",
    }


TRUTH = ExpectedEvents({f"e{number}": known(number) for number in (1, 2, 3)}, frozenset({"x"}), copies=1)
GOOD: Rows = [row(1), row(2), {"id": "e1", "skipped": "copy"}, {"id": "x", "skipped": "unknown"}, row(3)]
FAULTS: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "it lost one": (lambda rows: rows[:-1], "never received"),
    "it processed a duplicate": (lambda rows: [*rows, row(1)], "2 times"),
    "it processed an unknown type": (lambda rows: [*rows, row(3) | {"id": "y"}], "has an unknown type"),
    "it received them in another order": (lambda rows: [rows[1], rows[0], *rows[2:]], "came after"),
    "it received no duplicates": (lambda rows: [one for one in rows if one.get("skipped") != "copy"], "copies are on"),
    "it received no unknown types": (lambda rows: [one for one in rows if one.get("skipped") != "unknown"], "unknown types"),
    "it started again": (lambda rows: [*rows, *[{"id": "e1", "skipped": "copy"}] * 2], "from the beginning"),
    "it read the wrong value": (lambda rows: [rows[0] | {"value": "?"}, *rows[1:]], "value was read wrongly"),
    "it read the wrong header": (lambda rows: [rows[0] | {"sequence": "9"}, *rows[1:]], "headers were read wrongly"),
}  # fmt: skip


def test_a_subscriber_that_received_everything_has_no_faults() -> None:
    assert complete(GOOD, TRUTH)
    assert list(faults(GOOD, TRUTH, before_kill=2)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_subscriber_is_reported(fault: str) -> None:
    change, words = FAULTS[fault]

    assert any(words in one for one in faults(change(GOOD), TRUTH, before_kill=2))
