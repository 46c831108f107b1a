"""An old version of an event that is still on a topic is upcast to the current one; the old version here is invented."""

import json

import pytest

from contracts.envelope import Malformed, UnknownType, read_event
from contracts.routing import CaseResolved
from contracts.upcasting import Body, Upcast, Upcasts

REPORT = "00000000-0000-7000-8000-000000000001"


def first_to_second(body: Body) -> Body:
    return {"report_id": body["case"], "solved": body["solved"]}


def second_to_current(body: Body) -> Body:
    return {"report_id": body["report_id"], "outcome": "solved" if body["solved"] else "unfounded"}


OLD = Upcasts(
    {
        "case-closed.v1": Upcast("case-closed.v2", first_to_second),
        "case-closed.v2": Upcast("case-resolved.v1", second_to_current),
    }
)


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("case-closed.v1", {"case": REPORT, "solved": True}),
        ("case-closed.v2", {"report_id": REPORT, "solved": True}),
        ("case-resolved.v1", {"report_id": REPORT, "outcome": "solved"}),
    ],
)
def test_every_published_version_is_read_as_the_current_one(tag: str, body: Body) -> None:
    assert read_event(tag, json.dumps(body).encode(), OLD) == CaseResolved(report_id=REPORT, outcome="solved")


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"7", b"{", b"null", b"", None, b'{"case": 7, "solved": true}']
)
def test_a_broken_old_body_is_malformed(body: bytes | None) -> None:
    with pytest.raises(Malformed):
        read_event("case-closed.v1", body, OLD)


def test_without_a_step_an_old_version_is_unknown() -> None:
    with pytest.raises(UnknownType):
        read_event("case-closed.v1", b"{}")


@pytest.mark.parametrize(
    "steps",
    [
        {"a.v1": Upcast("b.v1", dict)},
        {"a.v1": Upcast("a.v2", dict), "a.v2": Upcast("a.v1", dict)},
        {"case-resolved.v1": Upcast("case-opened.v1", dict)},
    ],
    ids=["it leads nowhere", "it is a cycle", "it is current"],
)
def test_an_invalid_step_is_refused_at_once(steps: dict[str, Upcast]) -> None:
    with pytest.raises(ValueError, match="v1"):
        Upcasts(steps)
