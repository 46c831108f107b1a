"""A scenario on three brokers and three mongod while one of each is killed, then two: the account has no violation."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient
from tests.faults.test_crash_points import Campaign, violations
from tests.ha.ha_system import HaSystem

from contracts.permissions import SERVICES
from stack.mongod import Mongod
from stack.tools import Tools

pytestmark = [pytest.mark.engines, pytest.mark.foreign, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def system(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HaSystem]:
    system = HaSystem(tmp_path_factory.mktemp("large"), tools)
    try:
        system.start()
        yield system
    finally:
        system.stop()


def state(system: HaSystem) -> dict[str, Any]:
    with MongoClient[dict[str, Any]](system.mongod.admin, serverSelectionTimeoutMS=20_000) as client:
        return client.admin.command("replSetGetStatus")


def primary(system: HaSystem) -> Mongod:
    """The mongod that is the primary."""
    name = next(one["name"] for one in state(system)["members"] if one["stateStr"] == "PRIMARY")
    return next(one for one in system.mongods if name.endswith(f":{one.port}"))


async def is_refused(system: HaSystem) -> bool:
    """Tells whether a new report is refused rather than accepted and lost."""
    body = {"category": "infiltrazioni", "place_id": "bg-monterosso-01", "description": "prova"}
    async with httpx.AsyncClient(timeout=60) as client:
        try:
            answer = await client.post(f"{system.url('intake')}/v1/reports", json=body)
        except httpx.TransportError:
            return True
        return answer.status_code == 503


async def test_a_scenario_continues_without_one_and_is_refused_without_two(
    system: HaSystem, tmp_path: Path
) -> None:
    campaign = Campaign(system, tmp_path)
    assert [one["stateStr"] for one in state(system)["members"]].count("SECONDARY") == 2

    first = primary(system)
    playing = asyncio.create_task(campaign.play(1))
    await asyncio.sleep(2)
    system.brokers[0].kill()
    first.kill()
    await asyncio.wait_for(playing, 180)
    assert all(system.service(name).alive() for name in SERVICES)

    (await asyncio.to_thread(primary, system)).kill()
    system.brokers[1].kill()
    assert await is_refused(system)

    await asyncio.to_thread(system.start_engines)
    deadline = time.monotonic() + 60
    while [one["stateStr"] for one in (await asyncio.to_thread(state, system))["members"]].count(
        "SECONDARY"
    ) < 2:
        assert time.monotonic() < deadline, "the set is not complete again"
        await asyncio.sleep(0.5)
    await asyncio.wait_for(campaign.play(2), 180)
    account = await campaign.account()
    # A mail may be doubled: notify sends again if the database fails between the mail server's answer and the commit.
    assert [text for text in violations(account) if "doubled mail: " not in text] == []
    assert account.accepted >= 20
