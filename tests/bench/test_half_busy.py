"""The search for the rate at which half of the processors are busy."""

from collections.abc import Callable

import pytest
from bench.half_busy import FIRST_RATE, MOST_RATE, STEPS, Step, next_rate


@pytest.mark.parametrize(
    "busy",
    [
        lambda rate: 0.1 + 0.008 * rate,
        lambda rate: 0.1 + 0.02 * rate**0.75,  # larger batches cost less per report
        lambda rate: 0.15 + 0.02 * rate,
    ],
)
def test_few_steps_come_close(busy: Callable[[float], float]) -> None:
    tried, rate = [], FIRST_RATE
    for _ in range(STEPS):
        tried.append(Step(rate, busy(rate)))
        rate = next_rate(tried, busy(0.0))

    assert busy(rate) == pytest.approx(0.5, abs=0.03)


def test_a_machine_that_others_keep_busy_does_not_raise_the_rate_without_end() -> None:
    tried, rate = [], FIRST_RATE
    for _ in range(10):
        tried.append(Step(rate, 0.3))
        rate = next_rate(tried, 0.1)

    assert rate == MOST_RATE


def test_noise_between_two_steps_still_gives_a_rate() -> None:
    assert next_rate([Step(30.0, 0.4), Step(30.0, 0.4)], 0.1) == pytest.approx(40.0)
    assert next_rate([Step(30.0, 0.45), Step(35.0, 0.44)], 0.1) > 35.0
