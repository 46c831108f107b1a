"""The table, the CSV files and the summary line of a run."""

import csv
import math
import re
from pathlib import Path

import pytest
from bench.figures import Drain, Figures, Killed, Latency, median, percentile
from bench.report import BEGIN, END, last_line, table, with_table, write_rows

LAST_LINE = re.compile(
    r"bench: ours \d+/s, naive \d+/s, naive-batch \d+/s, floor \d+/s, relay \d+/s, "
    r"end-to-end p50 [\d.]+ ms p99 [\d.]+ ms"
)


def drained(variant: str, turn: int, rate: float) -> Drain:
    return Drain(variant, turn, 1000, 1000 / rate, rate, 0.08, 0.05, 0.01, 90.0)


@pytest.fixture
def figures() -> Figures:
    rates = {"naive": 310.4, "naive-batch": 23_000.0, "ours": 10_400.0, "floor": 18_000.0, "relay": 16_000.6}
    drains = [drained(variant, turn, rate * turn) for variant, rate in rates.items() for turn in (1, 2, 3)]
    killed = [Killed("naive", 600, 2, 0, 2, 0), Killed("ours-sent", 12_000, 2, 0, 0, 500)]
    latencies = [Latency("end-to-end", 100.0, tuple(float(n) for n in range(1, 101)), missing=1)]
    return Figures(7, {"size": "quick"}, drains, killed, latencies)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 1.0) == 100.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([5.0], 0.0) == 5.0


def test_a_percentile_of_nothing_is_no_number() -> None:
    assert math.isnan(percentile([], 0.5))
    assert median([]) == 0.0


def test_the_last_line_has_the_form_that_machines_read(figures: Figures) -> None:
    line = last_line(figures)
    assert LAST_LINE.fullmatch(line)
    assert line.startswith(
        "bench: ours 20800/s, naive 621/s, naive-batch 46000/s, floor 36000/s, relay 32001/s"
    )
    assert line.endswith("end-to-end p50 50 ms p99 99 ms")


def test_the_last_line_says_what_was_not_measured() -> None:
    assert last_line(Figures(1)).endswith("relay 0/s, end-to-end p50 - ms p99 - ms")


def test_the_table_has_the_median_the_extremes_and_the_share_of_the_floor(figures: Figures) -> None:
    ours = next(row for row in table(figures).splitlines() if "20,800" in row)
    assert "20,800 (10,400–31,200) | 0.58" in ours
    assert "0.080, 0.050, 0.010" in ours


def test_the_table_says_what_was_lost_and_doubled_beside_the_speed(figures: Figures) -> None:
    text = table(figures)
    assert "2 kills, 600 events: 0 lost, 2 doubled |" in text
    assert "| 50 | 95 | 99 | 100 | 100 | 1 |" in text


def test_every_row_of_the_table_has_as_many_cells_as_its_head(figures: Figures) -> None:
    for part in table(figures).split("\n\n"):
        widths = {row.count("|") for row in part.splitlines() if row.startswith("|")}
        assert len(widths) <= 1


def test_the_raw_rows_come_back_from_the_csv(figures: Figures, tmp_path: Path) -> None:
    write_rows(tmp_path / "drains.csv", figures.drains)
    with (tmp_path / "drains.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 15
    assert rows[0]["arm"] == "naive"
    assert float(rows[0]["per_second"]) == 310.4


def test_a_table_goes_between_the_markers_and_nowhere_else() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = with_table(text, "| new |\n")
    assert new == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"
    assert with_table(new, "| new |\n") == new


@pytest.mark.parametrize("text", ["no markers", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_text_without_its_markers_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="once"):
        with_table(text, "x")
