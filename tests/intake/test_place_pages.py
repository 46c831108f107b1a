"""Places on the pages: found as one types, narrowed down to a point, and shown to staff."""

import re
from collections.abc import Mapping

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.conftest import SECRET
from tests.intake.desk import Browser, log_in
from tests.intake.test_pages import press_send, walk

from chassis.testing import MemoryService
from intake.app.readings import Reader
from intake.domain.reports import Report
from intake.handlers.documents import PRIVATE, REPORTS

# A category without questions of its own.
SUBJECT = ({"group": "technical"}, {"category": "pulizia"})
TOLD = ({"description": "È fermo"}, {"email": "tenant@example.org"})
NEW = "/segnalazioni/nuova"
RADIO = re.compile(r'type="radio"[^>]* name="(?:within|place_id)" value="([^"]+)"( checked)?')
REPORT = {"category": "pulizia", "place_id": "bg-malpensata-01-lift", "description": "È fermo"}


async def the_report(service: MemoryService) -> Report:
    [report] = await service.documents(REPORTS, {})
    return report


async def test_a_neighbourhood_is_narrowed_down_to_a_stair_and_its_flat_is_sealed(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    page = await walk(client, *SUBJECT, {"place_id": "bg-malpensata"})
    building = await page.send({"within": "bg-malpensata-a"})
    stair = await building.send({"within": "bg-malpensata-01"})
    text = await stair.send({"flat": "bg-malpensata-01-int2"})
    summary = await (await text.send(TOLD[0])).send(TOLD[1])
    await press_send(summary)

    report, [sealed] = await the_report(service), await service.documents(PRIVATE, {})
    assert {"bg-malpensata-a", "bg-malpensata-03"} <= {value for value, _ in RADIO.findall(page.text)}
    assert "scala 1" in building.text
    assert "Tutta la scala" in stair.text
    assert "Ascensore" in stair.text
    assert "interno 2" in summary.text
    assert report.place_id == "bg-malpensata-01"
    assert "flat" in sealed.fields
    assert "int2" not in repr((report, sealed, await service.store.query("outbox", {}, (), 0)))


async def test_whoever_does_not_know_the_point_goes_on_with_the_whole(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    page = await walk(client, *SUBJECT, {"place_id": "bg-malpensata"}, {"within": ""}, *TOLD)
    await press_send(page)

    assert (await the_report(service)).place_id == "bg-malpensata"


async def test_only_the_search_for_a_place_may_run_our_script(client: httpx.AsyncClient) -> None:
    place = await walk(client, *SUBJECT)
    point = await place.send({"place_id": "bg-malpensata"})
    policies = [one.response.headers["content-security-policy"] for one in (place, point)]

    assert ["script-src 'self'" in policy for policy in policies] == [True, False]


async def test_another_place_forgets_the_flat(client: httpx.AsyncClient) -> None:
    summary = await walk(
        client, *SUBJECT, {"place_id": "bg-malpensata-01"}, {"flat": "bg-malpensata-01-int2"}, *TOLD
    )
    place = await Page.open(client, summary.path.replace("riepilogo", "luogo"))
    point = await place.send({"place_id": "lc-rancio-01"})

    assert point.form("flat").values["flat"] == ""


async def test_the_api_lists_the_parts_of_a_place_and_finds_by_words(client: httpx.AsyncClient) -> None:
    parts = (await client.get("/v1/places", params={"within": "bg-malpensata-01"})).json()["places"]
    found = (await client.get("/v1/places", params={"q": "v. luzatti ascensore"})).json()["places"]
    listed = (await client.get("/v1/places")).json()["places"]

    assert {one["kind"] for one in parts} == {"flat", "asset"}
    assert [one["id"] for one in found] == ["bg-malpensata-01-lift", "bg-malpensata-02-lift"]
    assert found[0]["address"].startswith("via Luzzatti")
    assert 45 < found[0]["lat"] < 46
    assert {one["kind"] for one in listed}.isdisjoint({"flat", "province"})


@pytest.mark.parametrize(
    ("place", "flat", "slug"),
    [
        ("bg-malpensata-01-int2", None, "place-is-flat"),
        ("bergamo", None, "place-too-wide"),
        ("bg-malpensata-01", "bg-malpensata-02-int2", "unknown-flat"),
        ("bg-malpensata-01", "bg-malpensata-01-lift", "unknown-flat"),
    ],
)
async def test_a_place_or_flat_that_does_not_fit_is_refused_by_name(
    place: str, flat: str | None, slug: str, client: httpx.AsyncClient
) -> None:
    refused = await client.post("/v1/reports", json=REPORT | {"place_id": place, "flat": flat})

    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, slug)


async def test_a_report_with_a_flat_is_the_same_when_it_is_sent_again_and_another_with_another_flat(
    client: httpx.AsyncClient,
) -> None:
    body = REPORT | {"place_id": "bg-malpensata-01", "flat": "bg-malpensata-01-int2"}
    body["report_id"] = "01932c0a-0000-7000-8000-000000000009"

    sent = [await client.post("/v1/reports", json=one) for one in (body, body, body | {"flat": None})]

    assert [one.status_code for one in sent] == [201, 200, 422]


@pytest.fixture
async def operator(service: MemoryService) -> Browser:
    """The browser of an operator."""
    return await log_in(service, SECRET, Reader("ada", frozenset({"operator"}), "Ada"))


async def test_staff_finds_a_place_in_the_form_and_picks_a_part_and_a_flat(
    operator: Browser, service: MemoryService
) -> None:
    async def send(page: httpx.Response, path: str, typed: Mapping[str, str]) -> httpx.Response:
        values = Page(operator.http, page).form("luogo").values
        return await operator.http.post(path, data=values | dict(typed))

    typed = {"category": "pulizia", "description": "È fermo", "luogo": "luzzatti"}
    found = await send(await operator.open(NEW), f"{NEW}/luogo", typed)
    chosen = await send(found, f"{NEW}/luogo", {"place_id": "bg-malpensata-a"})
    stair = await send(chosen, f"{NEW}/luogo", {"place_id": "bg-malpensata-01"})
    made = await send(stair, NEW, {"flat": "bg-malpensata-01-int4"})

    report = await the_report(service)
    card = await operator.open(f"/segnalazioni/{report.report_id}")
    assert "È fermo" in found.text
    assert ("bg-malpensata-a", " checked") in RADIO.findall(chosen.text)
    assert ("bg-malpensata-01", "") in RADIO.findall(chosen.text)
    assert made.status_code == 303
    assert report.place_id == "bg-malpensata-01"
    assert "interno 4" in card.text


async def test_staff_reads_a_place_with_its_parts_and_open_reports(
    operator: Browser, client: httpx.AsyncClient
) -> None:
    code = (await client.post("/v1/reports", json=REPORT)).json()["tracking_code"]

    start, hits = (
        await operator.open("/segnalazioni/luoghi"),
        await operator.open("/segnalazioni/luoghi?cerca=luzati"),
    )
    building = await operator.open("/segnalazioni/luoghi/bg-malpensata-a")
    stair = await operator.open("/segnalazioni/luoghi/bg-malpensata-01")
    nothing = await operator.open("/segnalazioni/luoghi/bg-atlantide")

    assert "/segnalazioni/luoghi/bg-malpensata" in start.text
    assert "/segnalazioni/luoghi/bg-malpensata-a" in hits.text
    assert code in building.text
    assert code in stair.text
    assert "interno 2" in stair.text
    assert "Impianti" in building.text
    assert nothing.status_code == 404
