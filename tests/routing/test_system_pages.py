"""The pages for ops: parked keys, replays and their progress, and the audit log."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.routing.test_pages import ISSUER, MONDAY, Web, hidden, log_in, login_over

from chassis.http.app import build_app
from chassis.observe.metrics import Metrics
from chassis.parking.dead_letters import DeadLetters, open_dead_letters
from chassis.store.shard_leases import ShardLeases
from chassis.transaction.inputs import Input, Lineage
from chassis.transaction.parked import Record
from routing.entrypoints.pages.router import pages_router
from routing.entrypoints.pages.system import system_router
from stack.issuer import DevelopmentIssuer, load_key
from stack.issuer import build_app as build_issuer

SYSTEM = "/lavoro/sistema"


@pytest.fixture
async def dead_letters(service: Any) -> DeadLetters:
    slots = ShardLeases(service.store, "one", 4)
    await slots.rebalance()
    return await open_dead_letters(service.store, service.unit_of_work, slots, lambda: MONDAY, lambda: None)


@pytest.fixture
async def web(service: Any, dead_letters: DeadLetters, tmp_path: Path) -> Web:
    made = Web()
    clients = {"ascolto-routing": {"secret": "s3cret", "roles": []}}
    issuer = DevelopmentIssuer(ISSUER, load_key(tmp_path / "key"), clients, 600, made.now.timestamp)
    context = replace(service.context, clock=lambda: made.now)
    login = login_over(made)
    routers = [pages_router(context, login), system_router(context, login, dead_letters)]
    app = build_app("routing", Metrics("routing"), routers, dict, dict)
    made.hosts = {
        "issuer.example": httpx.ASGITransport(build_issuer(issuer)),
        "127.0.0.1": httpx.ASGITransport(app),
    }
    return made


@pytest.fixture
async def ops(web: Web, service: Any) -> Any:
    """The browser of a user with the role ops; two keys are parked."""
    for key in ("one", "two"):
        place = Record("intake.reports", 0, len(key), key.encode(), b"{", ())
        item = Input(key, None, MONDAY, key, Lineage(key), record=place, unreadable="not JSON")
        await service.unit_of_work.run(await service.store.session(), [item])
    async with web.browser() as browser:
        await log_in(browser, "ops")
        yield browser


def first_form(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the form that replays every parked key."""
    [form] = re.findall(
        r'<form method="post" action="[^"]*/ripeti">(.*?Sì, riprova tutte)', page.text, re.DOTALL
    )
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


async def test_parked_keys_are_listed_and_a_button_replays_them(
    ops: httpx.AsyncClient, dead_letters: DeadLetters
) -> None:
    page = await ops.get(SYSTEM)
    assert page.text.count("Non si riesce a leggere") == 2
    assert "Ferma da" in page.text

    started = await ops.post(f"{SYSTEM}/ripeti", data=first_form(page))
    again = await ops.post(f"{SYSTEM}/ripeti", data=first_form(page))

    assert "Deve ancora cominciare" in started.text
    assert started.headers["refresh"] == "3"
    assert again.url == started.url
    while await dead_letters.runs.advance(dead_letters.runs.kinds["replay"]):
        pass
    ended = await ops.get(str(started.url))
    assert "Finito" in ended.text
    assert "2 su 2" in ended.text
    assert "refresh" not in ended.headers
    audit = (await ops.get(SYSTEM)).text
    assert "Riprovare quello che è in attesa, chiesto" in audit
    assert "finito" in audit
    assert "2 ancora in attesa" in audit


async def test_one_key_is_replayed_alone(ops: httpx.AsyncClient, dead_letters: DeadLetters) -> None:
    await ops.post(f"{SYSTEM}/ripeti", data=hidden(await ops.get(SYSTEM)))

    [run] = await dead_letters.runs.latest(10)
    assert run.asked["head"] in {head["_id"] for head in await dead_letters.parked_keys()}


async def test_a_run_is_cancelled_and_resumed(ops: httpx.AsyncClient, dead_letters: DeadLetters) -> None:
    started = await ops.post(f"{SYSTEM}/ripeti", data=first_form(await ops.get(SYSTEM)))

    stopped = await ops.post(f"{started.url}/ferma", data=hidden(started))
    resumed = await ops.post(f"{started.url}/riprendi", data=hidden(stopped))

    assert "Fermato" in stopped.text
    assert "refresh" not in stopped.headers
    assert "Deve ancora cominciare" in resumed.text


@pytest.mark.parametrize("role", ["operator", "coordinator", "officer"])
async def test_only_ops_sees_the_system_page(web: Web, ops: httpx.AsyncClient, role: str) -> None:
    async with web.browser() as browser:
        page = await log_in(browser, role)
        assert SYSTEM not in page.text

        assert (await browser.get(SYSTEM)).status_code == 403
        assert (await browser.post(f"{SYSTEM}/ripeti", data=hidden(page))).status_code == 403


async def test_a_form_without_a_session_starts_nothing(
    ops: httpx.AsyncClient, dead_letters: DeadLetters
) -> None:
    form = first_form(await ops.get(SYSTEM))

    unsealed = await ops.post(f"{SYSTEM}/ripeti", data=form | {"seal": "0" * 64})
    no_run = await ops.get(f"{SYSTEM}/0190a000-0000-7000-8000-000000000001")

    assert (unsealed.status_code, no_run.status_code) == (403, 404)
    assert "Lavoro non trovato" in no_run.text
    assert await dead_letters.runs.latest(1) == []


async def test_the_pages_have_a_strict_policy_and_show_no_key(ops: httpx.AsyncClient, web: Web) -> None:
    page = await ops.get(SYSTEM)

    web.now += timedelta(minutes=1)
    visible = re.sub(r"<[^>]*>", " ", page.text)
    assert "<script" not in page.text
    assert not re.search(r"\sstyle=|\son\w+=", page.text)
    assert "intake.reports|" not in visible
