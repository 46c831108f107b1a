"""The gauges of a service are compared with the engines."""

from bench.faults.gauges import LAG, compare, read_gauges
from prometheus_client import generate_latest

from chassis.observe.metrics import Metrics


def values(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_gauges_are_read_as_the_services_write_them_and_added_up_over_labels() -> None:
    metrics = Metrics("routing")
    metrics.outbox_pending.set(3)
    for partition, lag in (("0", 2), ("1", 5)):
        metrics.lag.labels("routing", "intake.reports", partition).set(lag)

    sums = read_gauges(values(metrics))

    assert (sums["outbox_pending"], sums[LAG], sums["jobs_pending"]) == (3, 7, 0)


def test_only_a_gauge_that_differs_is_a_mismatch() -> None:
    metrics = Metrics("routing")
    metrics.parked_depth.set(4)
    sums = read_gauges(values(metrics))

    assert list(compare("routing", sums, {"parked_records": 4, LAG: 0})) == []
    assert list(compare("routing", sums, {"parked_records": 5})) == [
        "metrics: routing reports parked_records 4, actual 5"
    ]
