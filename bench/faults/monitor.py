"""Whether work is pending, by the engines alone: outboxes, jobs, and fences against the end offsets of topics."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from pymongo.errors import PyMongoError

from bench.faults.environment import Environment
from contracts.permissions import SERVICES
from contracts.topics import TOPICS
from stack.account import find_budget_violations
from stack.account_world import BUDGETS, DECISIONS, LEDGER, Observations

POLL_SECONDS = 0.1
PATIENCE = 60.0
HOPS = 3  # from intake through routing or subsidies to notify
UNSENT: Mapping[str, Any] = {"slot": {"$gte": 0}, "stamp": {"$gte": 0}}
Offsets = Mapping[tuple[str, int], int]

SUBSCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    service: tuple(topic.name for topic in TOPICS if service in topic.subscribers) for service in SERVICES
}


class EngineUnavailable(Exception):
    """An engine does not answer at the moment."""


@dataclass
class Monitor:
    """Observes an environment from outside."""

    environment: Environment
    _admins: dict[str, AdminClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Connects to the database, bypassing the links."""
        self._client = self.environment.client()

    def end_offsets(self) -> dict[tuple[str, int], int]:
        """The end offset of every partition of every topic; raises EngineUnavailable."""
        admin = self._admin()
        topic_partitions = {
            TopicPartition(topic.name, n): OffsetSpec.latest()
            for topic in TOPICS
            for n in range(topic.partitions)
        }
        try:
            found = admin.list_offsets(topic_partitions, request_timeout=5)
            return {
                (topic_partition.topic, topic_partition.partition): one.result(6).offset
                for topic_partition, one in found.items()
            }
        except (KafkaException, TimeoutError) as error:
            self._admins.clear()
            raise EngineUnavailable(str(error)) from error

    def _admin(self) -> AdminClient:
        kafka = self.environment.kafka.admin
        return self._admins.setdefault(
            kafka.servers, AdminClient(kafka.librdkafka() | {"log_level": 0, "socket.timeout.ms": 5000})
        )

    def group_offsets(self, service: str) -> dict[tuple[str, int], int]:
        """The offsets that a service has committed to its group; raises EngineUnavailable."""
        try:
            asked = self._admin().list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(service)], request_timeout=5
            )
            found = asked[service].result(6).topic_partitions
        except (KafkaException, TimeoutError) as error:
            self._admins.clear()
            raise EngineUnavailable(str(error)) from error
        return {(one.topic, one.partition): one.offset for one in found}

    def end_offsets_with_retries(self) -> dict[tuple[str, int], int]:
        """The end offsets, retried while another fault affects this request too; raises EngineUnavailable after a minute."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.end_offsets()
            except EngineUnavailable:
                if time.monotonic() > end:
                    raise
                time.sleep(POLL_SECONDS)

    def lag(self, end_offsets: Offsets, by_groups: bool = False) -> int:
        """Records up to these offsets that the services have not handled; raises EngineUnavailable.

        Fences are what holds, but those of records that change nothing follow seconds later; with `by_groups` the offsets that the
        services have committed to their groups count too, which is in time for a recovery.
        """
        return sum(
            self._lag(service, end_offsets, self.group_offsets(service) if by_groups else {})
            for service in SERVICES
        )

    def _lag(self, service: str, end_offsets: Offsets, handled: Offsets = MappingProxyType({})) -> int:
        fences = dict(handled)
        for row in self._rows(service, "fences", {}):
            topic_partition = (row["topic"], row["partition"])
            fences[topic_partition] = max(fences.get(topic_partition, 0), row["next"])
        subscribed = {
            topic_partition: end
            for topic_partition, end in end_offsets.items()
            if topic_partition[0] in SUBSCRIPTIONS[service]
        }
        return sum(
            max(0, end - fences.get(topic_partition, 0)) for topic_partition, end in subscribed.items()
        )

    def pending(self, before: float | None = None) -> int:
        """Unsent facts and unfinished jobs: all, or those of reports accepted before a time; raises EngineUnavailable."""
        until = {} if before is None else {"$lte": datetime.fromtimestamp(before, UTC)}
        unsent = dict(UNSENT) | ({"time": until} if until else {})
        job_filter = {"accepted": until} if until else {}
        return sum(
            self._count(service, "outbox", unsent) + self._count(service, "jobs", job_filter)
            for service in SERVICES
        )

    def _rows(self, service: str, collection: str, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return list(self._client[service][collection].find(dict(where)))
        except PyMongoError as error:
            raise EngineUnavailable(str(error)) from error

    def _count(self, service: str, collection: str, where: Mapping[str, Any]) -> int:
        try:
            return self._client[service][collection].count_documents(dict(where))
        except PyMongoError as error:
            raise EngineUnavailable(str(error)) from error

    def wait_finished(self, before: float | None, seconds: float) -> bool:
        """Wait until everything accepted before a time (None: everything) is finished; False when it takes longer."""
        end = time.monotonic() + seconds
        return all(
            self._until(lambda: self.pending(before) == 0, end)
            and self._until(self._caught_up(by_groups=before is not None), end)
            for _ in range(HOPS)
        ) and self._until(lambda: self.pending(before) == 0, end)

    def _caught_up(self, by_groups: bool) -> Callable[[], bool]:
        end_offsets: dict[tuple[str, int], int] = {}

        def caught_up() -> bool:
            if not end_offsets:
                end_offsets.update(self.end_offsets())
            return self.lag(end_offsets, by_groups) == 0

        return caught_up

    def _until(self, done: Callable[[], bool], end: float) -> bool:
        while time.monotonic() < end:
            try:
                if done():
                    return True
            except EngineUnavailable:
                time.sleep(POLL_SECONDS)
            time.sleep(POLL_SECONDS)
        return False

    def budget_violations(self) -> list[str]:
        """Budget violations at this moment, read in one snapshot; raises EngineUnavailable."""
        try:
            with self._client.start_session(snapshot=True) as session:
                read = {
                    name: list(
                        self._client["subsidies"][name].find({"state": {"$ne": None}}, session=session)
                    )
                    for name in (one.partition(".")[2] for one in (BUDGETS, DECISIONS, LEDGER))
                }
        except PyMongoError as error:
            raise EngineUnavailable(str(error)) from error
        return list(
            find_budget_violations(
                Observations([], {f"subsidies.{name}": rows for name, rows in read.items()})
            )
        )

    def unfinished(self) -> str:
        """What is unfinished now, as text."""
        try:
            lag = {name: self._lag(name, self.end_offsets()) for name in SERVICES}
            rows = {
                f"{name}.{kind}": self._count(name, kind, UNSENT if kind == "outbox" else {})
                for name in SERVICES
                for kind in ("outbox", "jobs", "parked")
            }
        except EngineUnavailable as away:
            return f"an engine is away: {away}"
        return ", ".join(f"{name} {count}" for name, count in {**lag, **rows}.items() if count) or "nothing"
