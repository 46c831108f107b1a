"""A real Prometheus and Alertmanager report faults of real processes, and their end."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from tests.watching.metric_names import EXTERNAL_METRICS, names_in
from tests.watching.monitoring import DEADLINE, Monitoring
from tests.watching.prometheus_tools import program
from tests.watching.rules import rules
from tests.watching.test_dashboards import all_queries

from contracts.topics import BY_NAME
from stack.backups import backup
from stack.mailbox import read_mails
from stack.system import System
from stack.tools import Tools

pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]
# Metrics that exist only after their first event, which does not happen here.
LATER = {"consumer_resought_total", "consumer_stopped", "jobs_total", "mails_refused_total"}


@pytest.fixture(scope="module")
async def monitoring(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Monitoring]:
    """The whole system as `make up` starts it, with its monitoring."""
    program("prometheus")
    folder = tmp_path_factory.mktemp("faults")
    monitoring = Monitoring(folder, System(folder / "system"))
    try:
        monitoring.system.start()
        monitoring.system.watcher.stop()
        monitoring.system.start_watcher(every=1.0)
        monitoring.start()
        yield monitoring
    finally:
        monitoring.stop()
        monitoring.system.stop()


async def mailed(monitoring: Monitoring, subject: str) -> None:
    """Returns when a mail with this subject was received."""
    deadline = time.monotonic() + DEADLINE
    while subject not in (subjects := [mail.subject for mail in read_mails(monitoring.system.mails)]):
        assert time.monotonic() < deadline, f"{subject!r} was never mailed: {subjects}"
        await asyncio.sleep(0.5)


async def test_without_any_backup_only_that_alert_fires(
    monitoring: Monitoring,
) -> None:
    await monitoring.wait_for_targets()
    await monitoring.until("BackupMissing", lambda now: now == {("BackupMissing", "")})

    assert backup(["--state", str(monitoring.system.root)]) == 0
    await monitoring.until("no alert", lambda now: not now)


async def test_a_service_that_is_killed(monitoring: Monitoring) -> None:
    monitoring.system.kill_service("routing")
    now = await monitoring.until("ServiceDown", lambda now: ("ServiceDown", "routing") in now)
    assert now == {("ServiceDown", "routing")}
    await mailed(monitoring, "[firing] ServiceDown (page)")

    monitoring.system.start_service("routing")
    await monitoring.until("no alert", lambda now: not now)
    await mailed(monitoring, "[resolved] ServiceDown (page)")


async def test_kafka_that_is_stopped(monitoring: Monitoring) -> None:
    monitoring.system.kafka.stop()
    await monitoring.until("KafkaDown", lambda now: ("KafkaDown", "") in now)
    await mailed(monitoring, "[firing] KafkaDown (page)")

    monitoring.system.kafka.start()
    await monitoring.until("the end of KafkaDown", lambda now: ("KafkaDown", "") not in now)
    await mailed(monitoring, "[resolved] KafkaDown (page)")


async def test_a_malformed_record(monitoring: Monitoring) -> None:
    subscribes = {("RecordsParked", service) for service in BY_NAME["intake.reports"].subscribers}
    connection = monitoring.system.kafka.as_user("intake")
    producer = AIOKafkaProducer(**connection.aiokafka(), acks="all")
    await producer.start()
    await producer.send_and_wait("intake.reports", b"{", key=b"nobody's")
    await producer.stop()

    now = await monitoring.until("RecordsParked", lambda now: subscribes <= now)
    assert {one for one in now if one[0] == "RecordsParked"} == subscribes
    await mailed(monitoring, "[firing] RecordsParked (ticket)")

    for _, service in sorted(subscribes):
        await discard_all(monitoring.system, service)
    await monitoring.until("the end of RecordsParked", lambda now: not subscribes & now)
    await mailed(monitoring, "[resolved] RecordsParked (ticket)")


async def discard_all(system: System, service: str) -> None:
    """Discards through the ops API, as an operator does."""
    async with httpx.AsyncClient(base_url=system.url(service), timeout=60, trust_env=False) as client:

        async def ask(url: str, form: Any) -> Any:
            return (await client.post(url, data=form)).json()

        client.headers.update(await system.dev_tokens().header("ops", ask))
        for head in (await client.get("/ops/parked")).json():
            given_up = await client.post("/ops/parked/discard", json={"head": head["_id"], "why": "a test"})
            while (run := (await client.get(given_up.headers["location"])).json())["state"] != "done":
                await asyncio.sleep(0.2)
            assert run["counts"] == {"discarded": 1}


async def test_every_query_of_rules_dashboards_and_runbooks_has_a_series(
    monitoring: Monitoring,
) -> None:
    known = set(await monitoring.ask("label/__name__/values"))
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    wanted = {name for _, expr in all_queries() for name in names_in(expr)}

    assert wanted - known - recorded <= LATER
    assert len(wanted) > 40
    assert known >= EXTERNAL_METRICS
