"""What a campaign leaves behind can be read again."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.faults.audit import Verdict
from bench.faults.campaign import Campaign, Round, Size
from bench.faults.ground import PATIENCE, Injection
from bench.faults.results import by_load, round_row, wrong, wrong_together


def test_a_round_with_findings_is_written_and_read_again() -> None:
    verdict = Verdict(kinds=Counter({"mail copy": 7}), texts=["doubled mail"])

    row = json.loads(json.dumps(round_row(Round(0, True, 22, 608.0, 9.0, 7.0, True, verdict))))

    assert row["verdict"]["kinds"] == {"mail copy": 7}
    assert row["faults"] == 22


class BreaksOff(Campaign):
    """A campaign whose second round cannot be played to its end."""

    def _round(self, number: int) -> Round:
        self.ground.injections.append(Injection("F2", f"kill -9 in round {number}", 0.0))
        if number:
            raise KeyError("the harness itself")
        return Round(0, True, 1, 0.0, 0.0, 0.0, True, Verdict(reports=5))

    def _tell(self, one: Round) -> None:
        assert one.faults == 1


def test_what_was_accounted_for_stays_when_a_later_round_breaks_off_and_the_run_is_no_good_one() -> None:
    said: list[str] = []
    ground: Any = SimpleNamespace(injections=[], say=said.append)
    campaign = BreaksOff(ground, Path(), 7, Size(3600.0, 1.0, 1.0))

    campaign.run()

    assert [one.what for one in ground.injections] == ["kill -9 in round 0"]
    assert [one.verdict.reports for one in campaign.rounds] == [5]
    nothing = dict.fromkeys(("lost", "double", "out_of_order", "unsettled_rounds"), 0)
    empty: dict[str, Any] = {name: [] for name in ("missing", "controls", "greens", "injections")}
    reasons = wrong({**nothing, **empty, "broken": campaign.broken})
    assert reasons == ["round 1: KeyError: 'the harness itself'"]
    assert "test_results.py" in said[0]


def test_a_kind_that_one_run_missed_and_another_had_is_missing_in_neither() -> None:
    good: dict[str, Any] = dict.fromkeys(("lost", "double", "out_of_order", "unsettled_rounds"), 0)
    good |= {"controls": [], "greens": [], "injections": [], "missing": []}
    short = good | {"seed": 1, "missing": ["F9", "F12"]}
    long = good | {"seed": 2, "injections": [{"kind": "F9"}], "lost": 1}

    assert wrong_together([short, long]) == ["seed 1: F12 never came", "seed 2: lost"]


def test_a_fault_that_was_not_over_in_time_makes_a_run_no_good_one() -> None:
    good: dict[str, Any] = dict.fromkeys(("lost", "double", "out_of_order", "unsettled_rounds"), 0)
    times = {"fast": 3.0, "slow": 119.9, "untimed": None, "stuck": PATIENCE}
    faults = [{"kind": "F6", "what": what, "recovery": seconds} for what, seconds in times.items()]

    reasons = wrong(good | {"controls": [], "greens": [], "missing": [], "injections": faults})

    assert reasons == ["not finished 120 s after: F6 stuck"]


def test_recoveries_with_a_queue_before_them_are_told_apart() -> None:
    runs = [
        {"size": {"rate": rate}, "injections": [{"kind": "F2", "what": f"at {rate:.0f}", "at": 0.0}]}
        for rate in (300.0, 15.0, 20.0)
    ]
    told = {load: [one.what for one in ours] for load, ours in by_load(runs).items()}
    assert told == {"up to 20 reports/s": ["at 15", "at 20"], "more than 20 reports/s": ["at 300"]}
