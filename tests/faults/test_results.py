"""The results of a campaign can be read back."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.faults.audit import Verdict
from bench.faults.campaign import Campaign, Round, Size
from bench.faults.context import PATIENCE, Injection
from bench.faults.results import by_load, combined_failures, failures, round_row


def test_a_round_with_findings_is_written_and_read_again() -> None:
    verdict = Verdict(kinds=Counter({"mail copy": 7}), texts=["doubled mail"])

    row = json.loads(json.dumps(round_row(Round(0, True, 22, 608.0, 9.0, 7.0, True, verdict))))

    assert row["verdict"]["kinds"] == {"mail copy": 7}
    assert row["faults"] == 22


class BreaksOff(Campaign):
    """A campaign whose second round fails in the harness."""

    def _round(self, number: int) -> Round:
        self.context.injections.append(Injection("F2", f"kill -9 in round {number}", 0.0))
        if number:
            raise KeyError("the harness itself")
        return Round(0, True, 1, 0.0, 0.0, 0.0, True, Verdict(reports=5))

    def _report(self, one: Round) -> None:
        assert one.faults == 1


def test_audited_rounds_stay_when_a_later_round_fails_and_the_run_fails() -> None:
    said: list[str] = []
    context: Any = SimpleNamespace(injections=[], log=said.append)
    campaign = BreaksOff(context, Path(), 7, Size(3600.0, 1.0, 1.0))

    campaign.run()

    assert [one.what for one in context.injections] == ["kill -9 in round 0"]
    assert [one.verdict.reports for one in campaign.rounds] == [5]
    nothing = dict.fromkeys(("lost", "double", "out_of_order", "unsettled_rounds"), 0)
    empty: dict[str, Any] = {name: [] for name in ("missing", "controls", "greens", "injections")}
    reasons = failures({**nothing, **empty, "broken": campaign.broken})
    assert reasons == ["round 1: KeyError: 'the harness itself'"]
    assert "test_results.py" in said[0]


def test_a_kind_that_one_run_missed_and_another_had_is_missing_in_neither() -> None:
    good: dict[str, Any] = dict.fromkeys(("lost", "double", "out_of_order", "unsettled_rounds"), 0)
    good |= {"controls": [], "greens": [], "injections": [], "missing": []}
    short = good | {"seed": 1, "missing": ["F9", "F12"]}
    long = good | {"seed": 2, "injections": [{"kind": "F9"}], "lost": 1}

    assert combined_failures([short, long]) == ["seed 1: F12 was never injected", "seed 2: lost"]


def test_a_fault_without_recovery_in_time_fails_the_run() -> None:
    good: dict[str, Any] = dict.fromkeys(("lost", "double", "out_of_order", "unsettled_rounds"), 0)
    times = {"fast": 3.0, "slow": 119.9, "untimed": None, "stuck": PATIENCE}
    faults = [{"kind": "F6", "what": what, "recovery": seconds} for what, seconds in times.items()]

    reasons = failures(good | {"controls": [], "greens": [], "missing": [], "injections": faults})

    assert reasons == ["unfinished after 120 s: F6 stuck"]


def test_recoveries_under_queueing_load_are_shown_apart() -> None:
    runs = [
        {"size": {"rate": rate}, "injections": [{"kind": "F2", "what": f"at {rate:.0f}", "at": 0.0}]}
        for rate in (300.0, 15.0, 20.0)
    ]
    by_load_name = {load: [one.what for one in ours] for load, ours in by_load(runs).items()}
    assert by_load_name == {"up to 20 reports/s": ["at 15", "at 20"], "more than 20 reports/s": ["at 300"]}
