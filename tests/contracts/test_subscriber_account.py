"""The account of what a subscriber heard finds whatever may be wrong with it."""

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
LIES: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "it lost one": (lambda rows: rows[:-1], "never heard"),
    "it took a copy for news": (lambda rows: [*rows, row(1)], "2 times"),
    "it took a stranger for news": (lambda rows: [*rows, row(3) | {"id": "y"}], "no known type"),
    "it heard them in another order": (lambda rows: [rows[1], rows[0], *rows[2:]], "came after"),
    "it never saw the copies": (lambda rows: [one for one in rows if one.get("skipped") != "copy"], "copies are on"),
    "it never saw the strangers": (lambda rows: [one for one in rows if one.get("skipped") != "unknown"], "unknown types"),
    "it began again": (lambda rows: [*rows, *[{"id": "e1", "skipped": "copy"}] * 2], "from the beginning"),
    "it read the wrong value": (lambda rows: [rows[0] | {"value": "?"}, *rows[1:]], "value was read wrongly"),
    "it read the wrong header": (lambda rows: [rows[0] | {"sequence": "9"}, *rows[1:]], "headers were read wrongly"),
}  # fmt: skip


def test_a_subscriber_that_heard_everything_is_fine() -> None:
    assert complete(GOOD, TRUTH)
    assert list(faults(GOOD, TRUTH, before_kill=2)) == []


@pytest.mark.parametrize("lie", LIES)
def test_a_subscriber_that_is_wrong_is_told_what_is(lie: str) -> None:
    change, words = LIES[lie]

    assert any(words in one for one in faults(change(GOOD), TRUTH, before_kill=2))
