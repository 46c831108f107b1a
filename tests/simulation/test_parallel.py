"""Worlds are the same on several processors, and recorded worlds are not run again."""

from collections import Counter
from pathlib import Path

import pytest
from tests.pieces import Pieces, added, fingerprint
from tests.simulation.parallel import many_worlds, processes, seeds_until_red, some_worlds

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.timeout(600),
]


@pytest.mark.slow
def test_a_world_is_the_same_in_any_process() -> None:
    with processes(2) as pool:
        [one, other] = many_worlds(pool, 1, 25)
    again = some_worlds(21, 5)

    assert (one.seeds, other.seeds) == (20, 5)
    assert (other.steps, other.happened, other.metrics) == (again.steps, again.happened, again.metrics)


@pytest.mark.slow
def test_every_kind_of_fault_happens_within_a_few_worlds() -> None:
    totals = some_worlds(1, 40)

    assert {"commit late", "reply lost", "ack lost", "copies", "poison", "gap"} <= set(totals.happened)
    assert any(kind.startswith("killed at turn.") for kind in totals.happened)
    assert totals.metrics["inbox_duplicates_total"] > 0
    assert totals.metrics["consumer_resought_total fenced"] > 0


def test_a_detected_control_reports_after_how_many_seeds() -> None:
    assert seeds_until_red("no-inbox", 1) in range(1, 50)


def test_what_was_recorded_of_this_code_is_not_run_again(tmp_path: Path) -> None:
    pieces, other = Pieces(tmp_path, "this", ["pydantic"]), Pieces(tmp_path, "that", ["pydantic"])
    assert list(pieces.missing(1, 25, 10)) == [(1, 10), (11, 10), (21, 5)]

    pieces.keep(11, 10, 1.0, {"happened": {"kill": 3}})
    other.keep(1, 10, 1.0, {"happened": {"kill": 4}})

    assert list(pieces.missing(1, 25, 10)) == [(1, 10), (21, 5)]
    assert added(pieces.all(), "happened") == Counter(kill=3)
    assert (len(pieces.all()), pieces.others()) == (1, 1)


def test_a_fingerprint_is_of_what_is_in_the_files() -> None:
    assert fingerprint("tests/simulation") == fingerprint("tests/simulation")
    assert fingerprint("tests/simulation") != fingerprint("tests/simulation", "tests/chassis")
