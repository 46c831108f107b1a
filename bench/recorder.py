"""Records what the services wrote, published and sent in a stretch of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.engines import Engines
from bench.recording import Write, writes
from contracts.permissions import SERVICES
from contracts.topics import TOPICS

PUBLISHED = tuple(topic for topic in TOPICS if topic.owner in SERVICES)
FIRST_UNITS = ("intake.reports", "routing.cases", "notify.messages")


@dataclass(frozen=True)
class Recording:
    """Writes by service and records by topic, in order; the letters; and the mean number of reports in a unit of work."""

    reports: int
    together: float
    writes: Mapping[str, Sequence[Write]]
    records: Mapping[str, Sequence[Any]]
    letters: Sequence[bytes]


class Recorder:
    """Remembers where a stretch of work begins."""

    def __init__(self, engines: Engines) -> None:
        """Made before `start`."""
        self._engines, self._since = engines, engines.now()
        self._letters = set(engines.system.mails.glob("*.eml"))
        self._consumer = AIOKafkaConsumer(**engines.kafka.aiokafka(), enable_auto_commit=False)
        self._ends: Mapping[TopicPartition, int] = {}

    async def start(self) -> None:
        """Record from now on."""
        await self._consumer.start()
        parts = [TopicPartition(topic.name, n) for topic in PUBLISHED for n in range(topic.partitions)]
        self._consumer.assign(parts)
        self._ends = await self._consumer.end_offsets(parts)

    async def stop(self, reports: int) -> Recording:
        """What was done since the start for so many reports."""
        try:
            records = await self._records()
        finally:
            await self._consumer.stop()
        client, since = self._engines.client, {"ts": {"$gt": self._since}}
        entries = list(client["local"]["oplog.rs"].find(since))
        letters = sorted(set(self._engines.system.mails.glob("*.eml")) - self._letters)
        return Recording(
            reports,
            together(entries),
            writes(entries, SERVICES),
            records,
            [path.read_bytes() for path in letters],
        )

    async def _records(self) -> dict[str, list[Any]]:
        ends = await self._consumer.end_offsets(list(self._ends))
        for part, offset in self._ends.items():
            self._consumer.seek(part, offset)
        missing = sum(ends.values()) - sum(self._ends.values())
        found: list[Any] = []
        while len(found) < missing:
            for rows in (await self._consumer.getmany(timeout_ms=500)).values():
                found += rows
        found.sort(key=lambda row: row.timestamp)
        return {topic.name: [row for row in found if row.topic == topic.name] for topic in PUBLISHED}


def together(entries: Sequence[Mapping[str, Any]]) -> float:
    """The mean number of documents of the collections in FIRST_UNITS that were inserted by one commit which inserted any."""
    counts = []
    for entry in entries:
        rows = entry["o"].get("applyOps", (entry,))
        for name in FIRST_UNITS:
            if found := sum(1 for row in rows if row["op"] == "i" and row["ns"] == name):
                counts.append(found)
    return sum(counts) / len(counts) if counts else 1.0
