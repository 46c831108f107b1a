"""The arithmetic from measured costs to a region, and the rate of piled-up work."""

import pytest
from bench.capacity import PARTITIONS, SERVER_PROCESSORS, capacity, limits, peak, processors
from bench.costs import IDLE, WORKERS, Cost
from bench.figures import Figures, Scaled
from bench.journey import END_TO_END
from bench.scale import quiet_seconds, rate_of

COST = dict(zip(WORKERS, (4.0, 2.0, 1.0, 8.0, 10.0, 2.5, 1.0), strict=True))  # ms


def test_half_of_the_processors_stay_free() -> None:
    assert processors(COST, 100)["mongod"] == pytest.approx(100 * 0.010 / 0.5)


def test_the_first_bottlenecks_come_first() -> None:
    found = limits(COST)

    assert [limit.part for limit in found[:3]] == ["notify", "mongod", "intake"]
    assert found[0].reports == PARTITIONS * 1000 / 8.0
    assert found[1].reports == SERVER_PROCESSORS * 1000 / 10.0


def test_the_busiest_hour_of_a_site() -> None:
    assert peak(150_000) == pytest.approx(1200 / 3600)


def test_tables_need_the_cost_of_a_report_and_several_processes() -> None:
    cost = Cost(END_TO_END, 1000, 20.0, COST)  # as many seconds for 1,000 reports as ms for one
    rest = Cost(IDLE, 0, 10.0, dict.fromkeys(WORKERS, 0.0))
    scaled = [Scaled("routing", count, 1000, 100.0 * count, 2.0, 5.0, 0.9) for count in (1, 2)]
    stored = {"mongod bytes": 40_000.0, "kafka bytes": 5_000.0}

    assert capacity(Figures(1, costs=[cost, rest])) is None
    text = capacity(Figures(1, costs=[cost, rest], scaled=scaled, sustained=stored))
    assert text is not None
    assert "| 2 of routing (reports) | 200 | 2.00 | 2.00 | 5.00 | 90 % |" in text
    assert "| together | 28.5 |" in text
    assert "| a region | 150,000 | 600,000 | 0.33 | 0.1 | 24.0 | 3.0 |" in text
    for part in text.split("\n\n"):
        assert len({row.count("|") for row in part.splitlines() if row.startswith("|")}) <= 1


def test_the_rate_is_that_between_the_first_and_the_last_thing_done() -> None:
    seen = [(0.0, 0), (3.0, 0), (4.0, 100), (5.0, 250), (6.0, 300), (7.0, 300), (8.0, 300)]

    assert rate_of(seen) == 100.0
    assert quiet_seconds(seen) == 2.0
