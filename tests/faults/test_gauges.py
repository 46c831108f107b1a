"""What a service says of itself is held against what there is."""

from bench.faults.gauges import LAG, compare, read_gauges
from prometheus_client import generate_latest

from chassis.observe.metrics import Metrics


def told(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_gauges_are_read_as_the_services_write_them_and_added_up_over_labels() -> None:
    metrics = Metrics("routing")
    metrics.outbox_pending.set(3)
    for partition, lag in (("0", 2), ("1", 5)):
        metrics.lag.labels("routing", "intake.reports", partition).set(lag)

    sums = read_gauges(told(metrics))

    assert (sums["outbox_pending"], sums[LAG], sums["jobs_pending"]) == (3, 7, 0)


def test_a_gauge_that_says_something_else_is_a_lie_and_one_that_is_right_is_none() -> None:
    metrics = Metrics("routing")
    metrics.parked_depth.set(4)
    sums = read_gauges(told(metrics))

    assert list(compare("routing", sums, {"parked_records": 4, LAG: 0})) == []
    assert list(compare("routing", sums, {"parked_records": 5})) == [
        "metrics: routing says parked_records 4 and it is 5"
    ]
