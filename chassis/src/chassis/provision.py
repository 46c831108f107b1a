"""Provisioning: the topics of the contracts exist, with their partitions and retention, before a service starts."""

import asyncio
import os
import sys
from dataclasses import replace

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from contracts.topics import TOPICS, Topic, dead_letter_topic

WAIT_SECONDS = 60.0


def wanted() -> list[Topic]:
    """Every topic there must be: those of the contracts, and a dead-letter topic for each of their consumers."""
    dead = [
        replace(
            topic, name=dead_letter_topic(topic.name, consumer), owner=consumer, partitions=1, heard_by=()
        )
        for topic in TOPICS
        for consumer in topic.heard_by
    ]
    return [*TOPICS, *dead]


def _new(topic: Topic, replicas: int) -> NewTopic:
    day = 86_400_000
    return NewTopic(
        topic.name,
        topic.partitions,
        replicas,
        topic_configs={
            "retention.ms": str(topic.retention_days * day),
            "max.message.bytes": str(topic.max_record_bytes * 4),
            "cleanup.policy": "delete",
            "min.insync.replicas": str(max(1, replicas - 1)),
        },
    )


async def provision(kafka: str, replicas: int) -> list[str]:
    """Create the topics that are missing and return their names; waits for the broker, for a minute at most."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=kafka, client_id="ascolto-provision")
            try:
                await admin.start()
                return await _create(admin, replicas)
            except (KafkaError, OSError) as error:
                print(f"provision: waiting for Kafka at {kafka} ({type(error).__name__})", file=sys.stderr)
                await asyncio.sleep(0.5)
            finally:
                await admin.close()


async def _create(admin: AIOKafkaAdminClient, replicas: int) -> list[str]:
    existing = set(await admin.list_topics())
    missing = [topic for topic in wanted() if topic.name not in existing]
    if missing:
        answer = await admin.create_topics([_new(topic, replicas) for topic in missing])
        failed = [(name, code) for name, code, *_ in answer.topic_errors if code not in (0, 36)]
        if failed:
            raise SystemExit(f"provision: topics not created: {failed}")
    return [topic.name for topic in missing]


def main() -> None:
    """Read where Kafka is and provision it."""
    kafka = os.environ["ASCOLTO_KAFKA"]
    replicas = int(os.environ.get("ASCOLTO_REPLICAS", "1"))
    made = asyncio.run(provision(kafka, replicas))
    print(f"provision: {len(made)} topics created, {len(wanted()) - len(made)} were there")


if __name__ == "__main__":
    main()
