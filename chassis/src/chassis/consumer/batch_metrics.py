"""What a batch came to, told to the metrics and to the log; nothing personal, one line each."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.transaction.inputs import Ending, Outcome

PARKED = (Ending.PARKED, Ending.FAILED, Ending.REFUSED, Ending.EARLY)


def tell(metrics: Metrics, group: str, outcomes: Sequence[Outcome], seconds: float, now: datetime) -> None:
    """Count how the records of a committed batch ended, and say each that was parked."""
    ended: Counter[tuple[str, Ending]] = Counter()
    stage = metrics.stage.labels(group)
    for outcome in outcomes:
        record, accepted = outcome.input.record, outcome.input.lineage.accepted
        assert record is not None
        ended[record.topic, outcome.ending] += 1
        if outcome.ending in PARKED:
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            where |= {"id": outcome.input.id, "key": outcome.input.key}
            log("parked", level=40, error=outcome.error, reason=outcome.ending.value, **where)
        elif outcome.ending is Ending.DONE and accepted is not None:
            stage.observe(max(0.0, (now - accepted).total_seconds()))
    for (topic, ending), count in ended.items():
        metrics.consumed.labels(topic, ending.value).inc(count)
        if ending in PARKED:
            metrics.parked.labels(topic, ending.value).inc(count)
    metrics.progress.set(now.timestamp())
    some = sorted({outcome.input.lineage.correlation for outcome in outcomes[:20]})
    counts: dict[str, Any] = {f"{topic} {ending}": count for (topic, ending), count in ended.items()}
    log("batch", group=group, ms=round(seconds * 1000, 1), events=len(outcomes), correlations=some, **counts)
