"""Whether anything is still under way, asked of the engines alone: outboxes, jobs, and fences against the ends of topics."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from pymongo.errors import PyMongoError

from bench.faults.stand import Stand
from contracts.permissions import SERVICES
from contracts.topics import TOPICS
from stack.account import find_budget_violations
from stack.account_world import BUDGETS, DECISIONS, LEDGER, Observations

LOOK_SECONDS = 0.1
PATIENCE = 60.0
HOPS = 3  # from intake over routing or subsidies to notify
Ends = Mapping[tuple[str, int], int]

HEARD: Mapping[str, tuple[str, ...]] = {
    service: tuple(topic.name for topic in TOPICS if service in topic.subscribers) for service in SERVICES
}


class Away(Exception):
    """An engine did not answer just now."""


@dataclass
class Watch:
    """Looks at a stand from outside."""

    stand: Stand
    _admins: dict[str, AdminClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Connects to the store, around every link."""
        self._client = self.stand.client()

    def ends(self) -> dict[tuple[str, int], int]:
        """Where every partition of every topic ends now; raises Away."""
        kafka = self.stand.kafka.admin
        admin = self._admins.setdefault(
            kafka.servers, AdminClient(kafka.librdkafka() | {"log_level": 0, "socket.timeout.ms": 5000})
        )
        places = {
            TopicPartition(topic.name, n): OffsetSpec.latest()
            for topic in TOPICS
            for n in range(topic.partitions)
        }
        try:
            found = admin.list_offsets(places, request_timeout=5)
            return {(place.topic, place.partition): one.result(6).offset for place, one in found.items()}
        except (KafkaException, TimeoutError) as error:
            self._admins.clear()
            raise Away(str(error)) from error

    def marks(self) -> dict[tuple[str, int], int]:
        """The same, asked until it is answered: what else is broken just now may break this too; raises Away after a minute."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ends()
            except Away:
                if time.monotonic() > end:
                    raise
                time.sleep(LOOK_SECONDS)

    def behind(self, ends: Ends) -> int:
        """How many records up to these ends the services have not handled; raises Away."""
        return sum(self._behind(service, ends) for service in SERVICES)

    def _behind(self, service: str, ends: Ends) -> int:
        fences: dict[tuple[str, int], int] = {}
        for row in self._rows(service, "fences", {}):
            place = (row["topic"], row["partition"])
            fences[place] = max(fences.get(place, 0), row["next"])
        heard = {place: end for place, end in ends.items() if place[0] in HEARD[service]}
        return sum(max(0, end - fences.get(place, 0)) for place, end in heard.items())

    def waiting(self, before: float | None = None) -> int:
        """Facts not sent and jobs not done, all or those of reports accepted before then; raises Away."""
        until = {} if before is None else {"$lte": datetime.fromtimestamp(before, UTC)}
        told = {"time": until} if until else {}
        begun = {"accepted": until} if until else {}
        return sum(
            self._count(service, "outbox", told) + self._count(service, "jobs", begun) for service in SERVICES
        )

    def _rows(self, service: str, collection: str, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return list(self._client[service][collection].find(dict(where)))
        except PyMongoError as error:
            raise Away(str(error)) from error

    def _count(self, service: str, collection: str, where: Mapping[str, Any]) -> int:
        try:
            return self._client[service][collection].count_documents(dict(where))
        except PyMongoError as error:
            raise Away(str(error)) from error

    def finish(self, before: float | None, seconds: float) -> bool:
        """Waits until all that was accepted before then (or all there is) is finished; false when it takes longer."""
        end = time.monotonic() + seconds
        return all(
            self._until(lambda: self.waiting(before) == 0, end) and self._until(self._caught_up(), end)
            for _ in range(HOPS)
        ) and self._until(lambda: self.waiting(before) == 0, end)

    def _caught_up(self) -> Callable[[], bool]:
        ends: dict[tuple[str, int], int] = {}

        def caught_up() -> bool:
            if not ends:
                ends.update(self.ends())
            return self.behind(ends) == 0

        return caught_up

    def _until(self, done: Callable[[], bool], end: float) -> bool:
        while time.monotonic() < end:
            try:
                if done():
                    return True
            except Away:
                time.sleep(LOOK_SECONDS)
            time.sleep(LOOK_SECONDS)
        return False

    def money_lies(self) -> list[str]:
        """What is wrong with the budgets at this very moment, in one snapshot of all that is about money; raises Away."""
        try:
            with self._client.start_session(snapshot=True) as session:
                read = {
                    name: list(
                        self._client["subsidies"][name].find({"state": {"$ne": None}}, session=session)
                    )
                    for name in (one.partition(".")[2] for one in (BUDGETS, DECISIONS, LEDGER))
                }
        except PyMongoError as error:
            raise Away(str(error)) from error
        return list(
            find_budget_violations(
                Observations([], {f"subsidies.{name}": rows for name, rows in read.items()})
            )
        )

    def left(self) -> str:
        """What is unfinished now, in words for a person."""
        try:
            lag = {name: self._behind(name, self.ends()) for name in SERVICES}
            rows = {
                f"{name}.{kind}": self._count(name, kind, {})
                for name in SERVICES
                for kind in ("outbox", "jobs", "parked")
            }
        except Away as away:
            return f"an engine is away: {away}"
        return ", ".join(f"{name} {count}" for name, count in {**lag, **rows}.items() if count) or "nothing"
