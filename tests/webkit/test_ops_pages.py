"""The pages for ops: vital signs, parked records, replays and discards with their progress, and the audit."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.webkit.browsing import HOME, MONDAY, Web, form_to, hidden, log_in

from chassis.handling import Reactions, ignore
from chassis.observe.vitals import Vitals
from chassis.parking.dead_letters import DeadLetters, open_dead_letters
from chassis.service import Plan
from chassis.store.shard_leases import ShardLeases
from chassis.testing import MemoryService
from chassis.transaction.inputs import Input, Lineage
from chassis.transaction.parked import Record
from contracts.intake import ReportRegistered
from webkit.i18n import Texts
from webkit.i18n.maintenance import mark_reviewed
from webkit.ops_pages import RUNBOOKS, concerns, ops_pages_router, system_router

ROOT = Path(__file__).parents[2]
SYSTEM = "/sistema/routing"
WELL = Vitals("routing-0", True, (), "", (), 0, 0, 0.0, 0, 3, 0, 200, 199)
PLAN = Plan("routing", Reactions(ignore(ReportRegistered)), (), lambda _: ())


@pytest.fixture
async def service() -> AsyncIterator[MemoryService]:
    async with MemoryService(PLAN, MONDAY) as made:
        yield made


@pytest.fixture
async def dead_letters(service: MemoryService) -> DeadLetters:
    slots = ShardLeases(service.store, "one", 4)
    await slots.rebalance()
    return await open_dead_letters(service.store, service.unit_of_work, slots, lambda: MONDAY, lambda: None)


@pytest.fixture
def web(service: MemoryService, dead_letters: DeadLetters, tmp_path: Path) -> Web:
    made = Web()
    site = made.site()
    site.share(dashboards="")
    routers = [
        site.router(service.context),
        site.login_router(service.context, "ops", "operator"),
        system_router(service.context, site, ("intake", "routing")),
        ops_pages_router(service.context, site, dead_letters, lambda: WELL),
    ]
    made.serve(site, routers, tmp_path)
    return made


@pytest.fixture
async def ops(web: Web, service: MemoryService) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a person with the role ops; two keys are parked."""
    for key in ("one", "two"):
        place = Record("intake.reports", 0, len(key), key.encode(), b"{", ())
        item = Input(key, None, MONDAY, key, Lineage(key), record=place, unreadable="not JSON")
        await service.unit_of_work.run(await service.store.session(), [item])
    async with web.browser() as browser:
        await log_in(browser, "ops", SYSTEM)
        yield browser


async def test_parked_keys_are_listed_and_a_button_replays_them(
    ops: httpx.AsyncClient, dead_letters: DeadLetters
) -> None:
    page = await ops.get(SYSTEM)
    assert page.text.count("Non si riesce a leggere") == 2

    form = form_to(page, f"{SYSTEM}/ripeti")
    started = await ops.post(f"{SYSTEM}/ripeti", data=form)
    again = await ops.post(f"{SYSTEM}/ripeti", data=form)

    assert "Deve ancora cominciare" in started.text
    assert started.headers["refresh"] == "3"
    assert again.url == started.url
    while await dead_letters.runs.advance(dead_letters.runs.kinds["replay"]):
        pass
    ended = await ops.get(str(started.url))
    assert "Finito" in ended.text
    assert "2 / 2" in ended.text
    assert "refresh" not in ended.headers
    audit = (await ops.get(SYSTEM)).text
    assert "Riprovare quello che è in attesa, chiesto" in audit
    assert "Ancora in attesa: 2" in audit


async def parked_page(ops: httpx.AsyncClient) -> httpx.Response:
    """The page of the first parked key, as its link leads there."""
    [first, *_] = re.findall(r'href="([^"]*/ferme\?chiave=[^"]*)"', (await ops.get(SYSTEM)).text)
    return await ops.get(first.replace("&amp;", "&"))


async def test_a_parked_record_is_shown_with_its_reason_and_replayed_alone(
    ops: httpx.AsyncClient, dead_letters: DeadLetters
) -> None:
    page = await parked_page(ops)
    assert "not JSON" in page.text
    assert "intake.reports, 0, 3" in page.text

    await ops.post(f"{SYSTEM}/ripeti", data=form_to(page, f"{SYSTEM}/ripeti"))

    [run] = await dead_letters.runs.latest(10)
    assert run.asked["head"] in {head["_id"] for head in await dead_letters.parked_keys()}


async def test_a_key_is_discarded_with_a_reason_that_the_audit_keeps(
    ops: httpx.AsyncClient, dead_letters: DeadLetters
) -> None:
    form = form_to(await parked_page(ops), f"{SYSTEM}/scarta")

    refused = await ops.post(f"{SYSTEM}/scarta", data=form | {"why": "  "})
    assert refused.status_code == 422
    assert refused.text.count("Scriva perché si può scartare.") == 2
    assert await dead_letters.runs.latest(1) == []

    await ops.post(f"{SYSTEM}/scarta", data=form | {"why": "Prova di un <altro> sistema"})
    while await dead_letters.runs.advance(dead_letters.runs.kinds["discard"]):
        pass

    page = (await ops.get(SYSTEM)).text
    assert "«Prova di un &lt;altro&gt; sistema»" in page
    assert page.count("Non si riesce a leggere") == 1


async def test_a_run_is_cancelled_and_resumed(ops: httpx.AsyncClient, dead_letters: DeadLetters) -> None:
    page = await ops.get(SYSTEM)
    started = await ops.post(f"{SYSTEM}/ripeti", data=form_to(page, f"{SYSTEM}/ripeti"))

    stopped = await ops.post(f"{started.url}/ferma", data=hidden(started))
    resumed = await ops.post(f"{started.url}/riprendi", data=hidden(stopped))

    assert "Fermato" in stopped.text
    assert "refresh" not in stopped.headers
    assert "Deve ancora cominciare" in resumed.text


async def test_only_ops_sees_these_pages(web: Web, ops: httpx.AsyncClient) -> None:
    async with web.browser() as browser:
        page = await log_in(browser, "operator", "/sistema")
        assert (page.status_code, page.text.count("Pagina riservata")) == (403, 2)
        for path in ("/sistema", SYSTEM, f"{SYSTEM}/salute", f"{SYSTEM}/ferme?chiave=x"):
            assert (await browser.get(path)).status_code == 403
        assert (await browser.post(f"{SYSTEM}/ripeti", data=hidden(page))).status_code == 403


async def test_a_form_without_a_session_starts_nothing(
    ops: httpx.AsyncClient, dead_letters: DeadLetters
) -> None:
    form = form_to(await ops.get(SYSTEM), f"{SYSTEM}/ripeti")

    unsealed = await ops.post(f"{SYSTEM}/ripeti", data=form | {"seal": "0" * 64})
    no_run = await ops.get(f"{SYSTEM}/0190a000-0000-7000-8000-000000000001")

    assert (unsealed.status_code, no_run.status_code) == (403, 404)
    assert await dead_letters.runs.latest(1) == []


async def test_the_page_of_all_services_loads_each_from_the_service_itself(
    web: Web, ops: httpx.AsyncClient
) -> None:
    page = await ops.get("/sistema")

    assert 'hx-get="/sistema/intake/salute"' in page.text
    health = await ops.get(f"{SYSTEM}/salute", headers={"HX-Request": "true"})
    assert "Tutto bene" in health.text
    assert "199 su 200" in health.text
    assert "<html" not in health.text
    async with web.browser() as stranger:
        asked = {"HX-Request": "true", "HX-Current-URL": "http://127.0.0.1:8002/sistema"}
        sent = await stranger.get(f"{SYSTEM}/salute", headers=asked)
    assert sent.status_code == 401
    assert sent.headers["HX-Redirect"] == f"{HOME}/accesso?torna=/sistema"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ready": False}, "not-ready"),
        ({"stuck": ("relay",)}, "stuck"),
        ({"stopped_partitions": ("intake.reports/3",)}, "stopped"),
        ({"resting": "mongod is away"}, "resting"),
        ({"parked": 1}, "parked"),
        ({"in_time": 197}, "late"),
        ({"outbox_age_seconds": 61.0}, "outbox"),
        ({"lag": 1001}, "lag"),
    ],
)
def test_each_bad_sign_is_a_concern_with_a_runbook(change: dict[str, object], code: str) -> None:
    assert concerns(WELL) == []
    assert concerns(replace(WELL, **change)) == [code]  # type: ignore[arg-type]
    assert (ROOT / "docs" / "runbooks" / f"{RUNBOOKS[code]}.md").is_file()


async def test_the_catalogues_that_nobody_has_reviewed_are_listed_for_all_services(
    ops: httpx.AsyncClient,
) -> None:
    page = await ops.get("/sistema/testi")
    part = await ops.get(f"{SYSTEM}/testi", headers={"HX-Request": "true"})

    assert 'aria-current="page">Testi</a>' in page.text
    assert re.findall(r'hx-get="([^"]+)"', page.text) == ["/sistema/intake/testi", "/sistema/routing/testi"]
    assert page.text.count("<td>Nessuno</td>") == len(
        [one for one in Texts().review_state() if not one.reviewed]
    )
    assert '<span lang="ar">العربية</span>' in page.text
    assert '<span lang="en">English</span>' in part.text
    assert "<html" not in part.text
    assert '<span lang="ar">' not in part.text  # routing has no pages for tenants


async def test_a_reviewed_catalogue_is_not_listed_until_its_texts_change(tmp_path: Path) -> None:
    file = tmp_path / "prova" / "locales" / "it" / "LC_MESSAGES" / "public.po"
    file.parent.mkdir(parents=True)
    file.write_text('msgid ""\nmsgstr ""\n\nmsgctxt "a"\nmsgid "b"\nmsgstr "c"\n', encoding="utf-8")

    def reviewed() -> list[bool]:
        states = Texts(tmp_path / "prova" / "locales").review_state()
        return [one.reviewed for one in states if one.distribution == "prova"]

    before = reviewed()
    mark_reviewed(file, "it", "Ada Esempio, 2026-11-30")
    after = reviewed()
    file.write_text(file.read_text(encoding="utf-8").replace('"c"', '"d"'), encoding="utf-8")

    assert (before, after, reviewed()) == ([False], [True], [False])
