"""What a batch came to, told to the metrics and to the log; nothing personal, one line each."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.transaction.inputs import Outcome, Result

PARKED = (Result.PARKED, Result.FAILED, Result.REFUSED, Result.EARLY)


def tell(metrics: Metrics, group: str, outcomes: Sequence[Outcome], seconds: float, now: datetime) -> None:
    """Count how the records of a committed batch ended, and say each that was parked."""
    ended: Counter[tuple[str, Result]] = Counter()
    stage = metrics.stage.labels(group)
    for outcome in outcomes:
        record, accepted = outcome.input.record, outcome.input.lineage.accepted
        assert record is not None
        ended[record.topic, outcome.result] += 1
        if outcome.result in PARKED:
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            where |= {"id": outcome.input.id, "key": outcome.input.key}
            log("parked", level=40, error=outcome.error, reason=outcome.result.value, **where)
        elif outcome.result is Result.DONE and accepted is not None:
            stage.observe(max(0.0, (now - accepted).total_seconds()))
    for (topic, result), count in ended.items():
        metrics.consumed.labels(topic, result.value).inc(count)
        if result in PARKED:
            metrics.parked.labels(topic, result.value).inc(count)
    metrics.progress.set(now.timestamp())
    some = sorted({outcome.input.lineage.correlation for outcome in outcomes[:20]})
    counts: dict[str, Any] = {f"{topic} {result}": count for (topic, result), count in ended.items()}
    log("batch", group=group, ms=round(seconds * 1000, 1), events=len(outcomes), correlations=some, **counts)
