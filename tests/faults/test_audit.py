"""The audit classifies violations, and summaries add runs up."""

from typing import Any

import pytest
from bench.faults.audit import DISORDERED, DOUBLED, LOST, MAIL_COPY, kind_of
from bench.faults.context import Injection
from bench.faults.controls import CONTROLS
from bench.faults.processes import WITH_SUCCESSOR
from bench.faults.results import by_kind, by_target, failures, last_line


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0 documents in routing.cases instead of 1", LOST),
        ("2 documents in subsidies.decisions instead of 1", DOUBLED),
        ("0 messages case-opened instead of 1", LOST),
        ("2 messages case-opened instead of 1", DOUBLED),
        ("1 messages case-held that nothing asked for", DOUBLED),
        ("lost event: no case-opened.v1 or case-held.v1 on the topics", LOST),
        ("doubled event: case-opened.v1 said 2 times under different ids, not 1", DOUBLED),
        ("doubled mail: message case-opened lies in the mailbox 2 times", MAIL_COPY),
        ("hole in the sequence: /ascolto/routing numbers x on routing.cases as [2, 1]", DISORDERED),
        ("routing.cases has its facts in more than one partition", DISORDERED),
        ("ghost: routing never committed fact x", DOUBLED),
        ("poison `no JSON` at a/0/1 is parked 2 times instead of 1 in routing", DOUBLED),
        ("poison `no JSON` at a/0/1 is parked 0 times instead of 1 in routing", LOST),
        ("anything nobody has thought of", LOST),
    ],
)
def test_every_violation_is_a_loss_a_duplicate_or_a_disorder(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_the_last_line_adds_runs_up_and_counts_a_control_as_red_when_it_was_every_time() -> None:
    run = {"faults": 3, "reports": 10, "lost": 0, "double": 1, "out_of_order": 0}
    first = run | {"controls": [{"name": "w:1", "red": False}]}
    second = run | {"controls": [{"name": "w:1", "red": True}, {"name": "no inbox", "red": True}]}
    assert last_line([first, second]) == (
        "faults: 6 injected, 20 reports, 0 lost, 2 double, 0 out of order, 1 of 2 controls red"
    )


def test_recovery_times_are_grouped_by_kind_where_they_were_measured() -> None:
    rows = [Injection("F2", "x", 0.0, recovery=float(n)) for n in range(1, 11)] + [Injection("F10", "y", 0.0)]
    assert by_kind(rows) == {
        "F2": {"faults": 10, "timed": 10, "p50": 6.0, "p99": 10.0, "most": 10.0},
        "F10": {"faults": 1, "timed": 0},
    }


def test_each_recovery_time_counts_for_its_target() -> None:
    rows = [
        Injection("F2", "kill -9 of routing-0", 0.0, recovery=3.0),
        Injection("F3", f"SIGSTOP of routing-0, {WITH_SUCCESSOR}", 0.0, recovery=17.0),
        Injection("F3", "SIGSTOP of routing-0 for 4 s", 0.0, recovery=1.0),
        Injection("F5", "kill -9 of the mongod, 2 s away", 0.0, recovery=6.0),
        Injection("F14", "kill -9 of everything", 0.0),
    ]
    found = {name: (row["target"], row["timed"], row.get("p99")) for name, row in by_target(rows).items()}
    assert found == {
        "service restarted under its name": (5.0, 1, 3.0),
        "service replaced by another": (20.0, 1, 17.0),
        "broker or mongod": (15.0, 1, 6.0),
        "everything at once": (60.0, 0, None),
    }


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        ({}, []),
        ({"lost": 1}, ["lost"]),
        ({"double": 2}, ["double"]),
        ({"out_of_order": 1}, ["out_of_order"]),
        ({"unsettled_rounds": 1}, ["unsettled_rounds"]),
        ({"missing": ["F9"]}, ["F9 was never injected"]),
        ({"controls": [{"name": "w:1", "red": False}]}, ["w:1 stayed green"]),
        ({"greens": [{"name": "the same", "red": True}]}, ["the same turned red"]),
    ],
)
def test_a_run_is_good_only_when_nothing_is_wrong_with_it(spoiled: dict[str, Any], why: list[str]) -> None:
    good: dict[str, Any] = {"lost": 0, "double": 0, "out_of_order": 0, "unsettled_rounds": 0}
    good |= {"injections": [], "missing": [], "controls": [{"name": "w:1", "red": True}], "greens": []}
    assert failures(good | spoiled) == why


def test_each_guarantee_has_its_control() -> None:
    assert {control.name for control in CONTROLS} == {
        "acknowledged first",
        "dual write",
        "cleared before sent",
        "no inbox",
        "w:1",
        "no fence",
    }
