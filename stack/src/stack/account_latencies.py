"""The latencies of a scenario, from the client log, the broker's acknowledgements and the mailbox."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stack.account_checks import CASE, DECISION
from stack.account_world import EventRecord, Observations, ReportHistory


@dataclass(frozen=True)
class Stage:
    """The latency of one stage, in seconds: median, 99th percentile, maximum and number of samples."""

    name: str
    p50: float
    p99: float
    most: float
    count: int


def stages_of(world: Observations, histories: Sequence[ReportHistory]) -> list[Stage]:
    """The latencies by client log, broker acknowledgements and mailbox, slowest first."""
    posted = {mail.message_id: mail.at for mail in world.mails}
    acknowledged_at = world.acknowledged
    took: dict[str, list[float]] = {
        "answer to a report": [
            history.request.answered_at - history.request.sent_at for history in histories
        ],
        "accepted → case on its topic": _between(histories, ("report-registered.v1",), CASE, acknowledged_at),
        "data entered → decision on its topic": _between(
            histories, ("application-submitted.v1",), DECISION, acknowledged_at
        ),
        "accepted → first mail in the mailbox": [
            min(posted[mail.message_id] for mail in history.mails)
            - history.events("report-registered.v1")[0].time
            for history in histories
            if history.mails and history.events("report-registered.v1")
        ],
        "case on its topic → mail in the mailbox": [
            mail.at - acknowledged_at[fact.id]
            for history in histories
            for fact in history.events(*CASE)
            for mail in history.mails
            if fact.id in acknowledged_at and mail.template == fact.type.removesuffix(".v1")
        ],
    }
    return sorted((_stage(name, times) for name, times in took.items() if times), key=lambda one: -one.p99)


def _between(
    histories: Iterable[ReportHistory],
    first: tuple[str, ...],
    last: tuple[str, ...],
    acknowledged_at: Mapping[str, float],
) -> list[float]:
    pairs: list[tuple[EventRecord, EventRecord]] = [
        (a, b) for history in histories for a in history.events(*first)[:1] for b in history.events(*last)[:1]
    ]
    return [acknowledged_at[b.id] - a.time for a, b in pairs if b.id in acknowledged_at]


def _stage(name: str, times: Iterable[float]) -> Stage:
    found = sorted(max(0.0, time) for time in times)
    return Stage(
        name,
        found[len(found) // 2],
        found[min(len(found) - 1, len(found) * 99 // 100)],
        found[-1],
        len(found),
    )
